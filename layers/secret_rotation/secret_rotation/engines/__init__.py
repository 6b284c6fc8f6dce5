"""The database engines: one file, or one package, each. Nothing else imports a database driver."""
