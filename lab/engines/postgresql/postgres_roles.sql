-- The roles and databases of a new RDS for PostgreSQL instance; initdb has made rdsadmin, the true superuser.
-- Source: Amazon RDS User Guide, "Understanding the rds_superuser role" and "Master user account privileges".
-- Not here: rds.restrict_password_commands and IAM logins, which need Amazon's own server.
CREATE ROLE rds_password;
CREATE ROLE rds_replication;
CREATE ROLE rds_iam;
CREATE ROLE rds_superuser;
GRANT pg_monitor, pg_signal_backend, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
CREATE ROLE dbmaster LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE NOREPLICATION VALID UNTIL 'infinity';
GRANT rds_superuser TO dbmaster WITH ADMIN OPTION;
-- RDS keeps a database that only rdsadmin may enter; the others belong to the master user.
CREATE DATABASE rdsadmin;
REVOKE ALL ON DATABASE rdsadmin FROM PUBLIC;
ALTER DATABASE postgres OWNER TO dbmaster;
ALTER DATABASE template1 OWNER TO dbmaster;
