-- Run once, when the database is made: the role of the exporter, which may read statistics and nothing of the scores.
CREATE ROLE monitoring LOGIN PASSWORD 'monitoring' CONNECTION LIMIT 5 IN ROLE pg_monitor;
ALTER ROLE monitoring SET statement_timeout = '3s';
