/* includes */
pluginManagement { includeBuild("build-logic") }
rootProject.name = "shop" // the shop
include(
    ":app",
    "lib",
)
include("android")
// include("gone")
