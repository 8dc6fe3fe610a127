"""Lock files of JVM projects: Gradle."""
