"""Show what was measured: tables, charts, and the parts of documents that they are written into."""
