-- What the role `gatekeeper_service` may do on a PostgreSQL database whose tables another role owns:
-- all that `gatekeeper serve` and the commands need, and no more. Entries of the event log can be
-- added, never changed or removed; of those that are there only salt and payload are written, which
-- erasure empties and a new master key seals anew. The version of the tables is read alone.
--
-- As a superuser, once:   CREATE ROLE gatekeeper_owner LOGIN;   CREATE ROLE gatekeeper_service LOGIN;
--                         CREATE DATABASE gatekeeper OWNER gatekeeper_owner;
-- As the owner, after each `gatekeeper db upgrade` (which needs a configuration whose database.url
-- names the owner):       psql --set ON_ERROR_STOP=1 --file roles.sql gatekeeper
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gatekeeper_service;
GRANT USAGE ON SCHEMA public TO gatekeeper_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO gatekeeper_service;
REVOKE UPDATE, DELETE ON events FROM gatekeeper_service;
GRANT UPDATE (salt, payload) ON events TO gatekeeper_service;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM gatekeeper_service;
