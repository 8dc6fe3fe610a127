"""What the forge reads of files of CI."""
