"""The objects of a database, and who has which rights on them."""

from psycopg2.sql import SQL

# `part` is the number of a column, `writer` the transaction that wrote the row, and so the rights in it.
OBJECTS = SQL("""
    WITH objects (catalog, object, part, writer, kind, name, columns, acl) AS (
        SELECT 'pg_class', oid, 0, xmin, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text,
               '', relacl FROM pg_class
        UNION ALL SELECT 'pg_attribute', attrelid, attnum, xmin, 'TABLE', attrelid::regclass::text,
                         format(' (%I)', attname), attacl FROM pg_attribute
        UNION ALL SELECT 'pg_proc', oid, 0, xmin, 'ROUTINE', oid::regprocedure::text, '', proacl FROM pg_proc
        UNION ALL SELECT 'pg_type', oid, 0, xmin, 'TYPE', oid::regtype::text, '', typacl FROM pg_type
        UNION ALL SELECT 'pg_namespace', oid, 0, xmin, 'SCHEMA', quote_ident(nspname), '', nspacl FROM pg_namespace
        UNION ALL SELECT 'pg_database', oid, 0, xmin, 'DATABASE', quote_ident(datname), '', datacl FROM pg_database
        UNION ALL SELECT 'pg_foreign_server', oid, 0, xmin, 'FOREIGN SERVER', quote_ident(srvname), '', srvacl
                  FROM pg_foreign_server)""")
"""A WITH clause that names them all `objects`."""
