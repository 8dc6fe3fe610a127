"""The verbs that read SBOMs: `sbom diff`, `sbom score`, `sbom find`."""
