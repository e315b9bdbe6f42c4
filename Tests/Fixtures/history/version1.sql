-- SPDX-FileCopyrightText: connwatch contributors
-- SPDX-License-Identifier: Apache-2.0
--
-- A database of schema 1, as connwatch 0.1.0 made it in a network namespace of its own: `.dump` of sqlite3, with the
-- two numbers of the header that a dump leaves out. Names of services but four, the process and the boot were replaced.
PRAGMA application_id = 1668247150;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE migration(
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied INTEGER NOT NULL) STRICT;
INSERT INTO migration VALUES(1,'lives, dictionaries, samples and gaps',1795360883132127);
CREATE TABLE run(
  id INTEGER PRIMARY KEY, started INTEGER NOT NULL, stopped INTEGER, boot_id TEXT NOT NULL,
  pid INTEGER NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, interval INTEGER NOT NULL,
  ignored TEXT) STRICT;
INSERT INTO run VALUES(1,1795360883132127,1795360887345449,'5e0f1f6a-0000-4000-8000-000000000001',100,'0.1.0','proc',100000,NULL);
CREATE TABLE address(
  id INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE, text TEXT NOT NULL) STRICT;
INSERT INTO address VALUES(1,X'00000000000000000000ffffc000020a','192.0.2.10');
INSERT INTO address VALUES(2,X'00000000000000000000ffff00000000','0.0.0.0');
INSERT INTO address VALUES(3,X'00000000000000000000000000000001','::1');
INSERT INTO address VALUES(4,X'00000000000000000000000000000000','::');
CREATE TABLE program(
  id INTEGER PRIMARY KEY, name TEXT, exe TEXT, unit TEXT, container TEXT, uid INTEGER) STRICT;
INSERT INTO program VALUES(1,'python3','/usr/bin/python3.11',NULL,NULL,0);
CREATE TABLE path(
  id INTEGER PRIMARY KEY, states TEXT NOT NULL UNIQUE, last TEXT NOT NULL) STRICT;
INSERT INTO path VALUES(1,'["LISTEN"]','LISTEN');
INSERT INTO path VALUES(2,'["ESTABLISHED"]','ESTABLISHED');
INSERT INTO path VALUES(3,'["ESTABLISHED","CLOSE_WAIT"]','CLOSE_WAIT');
INSERT INTO path VALUES(4,'["ESTABLISHED","FIN_WAIT2"]','FIN_WAIT2');
INSERT INTO path VALUES(5,'["ESTABLISHED","FIN_WAIT2","TIME_WAIT"]','TIME_WAIT');
INSERT INTO path VALUES(6,'["ESTABLISHED","FIN_WAIT1"]','FIN_WAIT1');
INSERT INTO path VALUES(7,'["ESTABLISHED","FIN_WAIT1","FIN_WAIT2"]','FIN_WAIT2');
INSERT INTO path VALUES(8,'["ESTABLISHED","FIN_WAIT1","FIN_WAIT2","TIME_WAIT"]','TIME_WAIT');
CREATE TABLE service(
  port INTEGER NOT NULL, transport TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY(port, transport)) STRICT, WITHOUT ROWID;
INSERT INTO service VALUES(53,'tcp','domain');
INSERT INTO service VALUES(53,'udp','domain');
INSERT INTO service VALUES(80,'tcp','http');
INSERT INTO service VALUES(8080,'tcp','http-alt');
INSERT INTO service VALUES(9000,'tcp','minio');
CREATE TABLE account(uid INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO account VALUES(0,'root');
CREATE TABLE life(
  id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, duration INTEGER NOT NULL, seen INTEGER NOT NULL,
  laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
  flags INTEGER NOT NULL, path INTEGER NOT NULL, offsets TEXT, program INTEGER, pid INTEGER,
  uncertainty INTEGER) STRICT;
INSERT INTO life VALUES(2,1795360883623865,617222,517043,1,8080,1,51902,516,3,'396459',1,100,100425);
INSERT INTO life VALUES(5,1795360884641124,706859,595798,1,51916,1,8080,520,3,'303936',1,100,111061);
INSERT INTO life VALUES(7,1795360885347983,271625,197103,3,9000,4,0,529,1,NULL,1,100,111061);
CREATE TABLE open_life(
  id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, duration INTEGER, seen INTEGER NOT NULL,
  laddr INTEGER NOT NULL, lport INTEGER NOT NULL, raddr INTEGER NOT NULL, rport INTEGER NOT NULL,
  flags INTEGER NOT NULL, path INTEGER NOT NULL, offsets TEXT, program INTEGER, pid INTEGER,
  uncertainty INTEGER, opened_boot INTEGER NOT NULL, inode INTEGER NOT NULL,
  process_start INTEGER) STRICT;
INSERT INTO open_life VALUES(1,1795360883323611,NULL,0,1,8080,2,0,528,1,NULL,1,100,NULL,11598694914,4126558,1159776);
INSERT INTO open_life VALUES(3,1795360883623865,617222,617222,1,51902,1,8080,520,5,'396459,617222',1,100,100425,11598995168,4126633,1159776);
INSERT INTO open_life VALUES(4,1795360884641124,706859,706859,1,8080,1,51916,516,8,'303936,403731,706859',1,100,111061,11600012427,4128845,1159776);
INSERT INTO open_life VALUES(6,1795360884945060,NULL,0,1,41275,1,53,514,2,NULL,1,100,100187,11600316363,4128854,1159776);
INSERT INTO open_life VALUES(8,1795360885973006,NULL,0,1,8080,1,42620,516,2,NULL,1,100,138338,11601344308,4127901,1159776);
INSERT INTO open_life VALUES(9,1795360885973006,NULL,0,1,42620,1,8080,520,2,NULL,1,100,138338,11601344308,4127900,1159776);
CREATE TABLE sample(
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  samples INTEGER NOT NULL, next_life INTEGER NOT NULL, sockets INTEGER NOT NULL,
  sockets_max INTEGER NOT NULL, opened INTEGER NOT NULL, closed INTEGER NOT NULL,
  skipped INTEGER NOT NULL, duplicates INTEGER NOT NULL, incomplete INTEGER NOT NULL,
  boot INTEGER NOT NULL) STRICT;
INSERT INTO sample VALUES(1,1,1795360883323611,1795360887344961,40,1,6,6,9,5,0,0,0,11602716263);
CREATE TABLE gap(
  id INTEGER PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, cause TEXT NOT NULL,
  samples INTEGER NOT NULL, detail TEXT) STRICT;
CREATE INDEX life_raddr ON life(raddr);
CREATE INDEX life_lport ON life(lport);
CREATE INDEX life_program ON life(program);
CREATE INDEX life_long ON life(opened, duration) WHERE duration > 600000000;
CREATE VIEW connections AS SELECT l.id, CASE l.flags & 3 WHEN 0 THEN 'tcp' WHEN 1 THEN 'tcp6' WHEN 2 THEN 'udp' ELSE 'udp6' END AS proto, path.last AS state,
  la.text AS local_addr, l.lport AS local_port, ra.text AS remote_addr, l.rport AS remote_port,
  service.name AS service, CASE l.flags >> 2 & 3 WHEN 1 THEN 'in' WHEN 2 THEN 'out' END AS direction, g.uid, account.name AS user,
  strftime('%Y-%m-%dT%H:%M:%S', (l.opened) / 1000000, 'unixepoch') || printf('.%06dZ', (l.opened) % 1000000) AS first_seen, strftime('%Y-%m-%dT%H:%M:%S', (l.last_seen) / 1000000, 'unixepoch') || printf('.%06dZ', (l.last_seen) % 1000000) AS last_seen,
  strftime('%Y-%m-%dT%H:%M:%S', (l.opened + l.duration) / 1000000, 'unixepoch') || printf('.%06dZ', (l.opened + l.duration) % 1000000) AS closed, l.duration / 1e6 AS duration_s,
  l.uncertainty / 1e6 AS uncertainty_s, path.states,
  l.pid, g.name AS process, g.exe, g.unit, g.container, l.flags >> 13 & 255 AS others,
  CASE l.flags >> 6 & 7 WHEN 1 THEN 'exited' WHEN 2 THEN 'no permission' WHEN 3 THEN 'other namespace' WHEN 4 THEN 'kernel' WHEN 5 THEN 'not yet accepted' END AS why_unknown, CASE l.flags >> 9 & 15 WHEN 1 THEN 'proc' END AS source,
  l.opened AS first_seen_us, l.last_seen AS last_seen_us, l.opened + l.duration AS closed_us
FROM (
  SELECT id, opened, duration, laddr, lport, raddr, rport, flags, path, program, pid, uncertainty, opened + seen AS last_seen FROM life
  UNION ALL
  SELECT id, opened, duration, laddr, lport, raddr, rport, flags, path, program, pid, uncertainty, opened + max(seen, coalesce(
    (SELECT boot FROM sample ORDER BY id DESC LIMIT 1) - opened_boot, 0)) FROM open_life) l
  JOIN path ON path.id = l.path
  JOIN address la ON la.id = l.laddr
  JOIN address ra ON ra.id = l.raddr
  LEFT JOIN program g ON g.id = l.program
  LEFT JOIN account ON account.uid = g.uid
  LEFT JOIN service ON service.port = CASE
      WHEN l.flags >> 2 & 3 = 1 OR l.flags >> 4 & 3 = 1 THEN l.lport
      WHEN l.flags >> 2 & 3 = 2 THEN l.rport END
    AND service.transport = CASE WHEN l.flags & 2 THEN 'udp' ELSE 'tcp' END
WHERE l.flags >> 4 & 3 <> 1;
CREATE VIEW listening AS SELECT l.id, CASE l.flags & 3 WHEN 0 THEN 'tcp' WHEN 1 THEN 'tcp6' WHEN 2 THEN 'udp' ELSE 'udp6' END AS proto, path.last AS state,
  la.text AS local_addr, l.lport AS local_port, ra.text AS remote_addr, l.rport AS remote_port,
  service.name AS service, CASE l.flags >> 2 & 3 WHEN 1 THEN 'in' WHEN 2 THEN 'out' END AS direction, g.uid, account.name AS user,
  strftime('%Y-%m-%dT%H:%M:%S', (l.opened) / 1000000, 'unixepoch') || printf('.%06dZ', (l.opened) % 1000000) AS first_seen, strftime('%Y-%m-%dT%H:%M:%S', (l.last_seen) / 1000000, 'unixepoch') || printf('.%06dZ', (l.last_seen) % 1000000) AS last_seen,
  strftime('%Y-%m-%dT%H:%M:%S', (l.opened + l.duration) / 1000000, 'unixepoch') || printf('.%06dZ', (l.opened + l.duration) % 1000000) AS closed, l.duration / 1e6 AS duration_s,
  l.uncertainty / 1e6 AS uncertainty_s, path.states,
  l.pid, g.name AS process, g.exe, g.unit, g.container, l.flags >> 13 & 255 AS others,
  CASE l.flags >> 6 & 7 WHEN 1 THEN 'exited' WHEN 2 THEN 'no permission' WHEN 3 THEN 'other namespace' WHEN 4 THEN 'kernel' WHEN 5 THEN 'not yet accepted' END AS why_unknown, CASE l.flags >> 9 & 15 WHEN 1 THEN 'proc' END AS source,
  l.opened AS first_seen_us, l.last_seen AS last_seen_us, l.opened + l.duration AS closed_us
FROM (
  SELECT id, opened, duration, laddr, lport, raddr, rport, flags, path, program, pid, uncertainty, opened + seen AS last_seen FROM life
  UNION ALL
  SELECT id, opened, duration, laddr, lport, raddr, rport, flags, path, program, pid, uncertainty, opened + max(seen, coalesce(
    (SELECT boot FROM sample ORDER BY id DESC LIMIT 1) - opened_boot, 0)) FROM open_life) l
  JOIN path ON path.id = l.path
  JOIN address la ON la.id = l.laddr
  JOIN address ra ON ra.id = l.raddr
  LEFT JOIN program g ON g.id = l.program
  LEFT JOIN account ON account.uid = g.uid
  LEFT JOIN service ON service.port = CASE
      WHEN l.flags >> 2 & 3 = 1 OR l.flags >> 4 & 3 = 1 THEN l.lport
      WHEN l.flags >> 2 & 3 = 2 THEN l.rport END
    AND service.transport = CASE WHEN l.flags & 2 THEN 'udp' ELSE 'tcp' END
WHERE l.flags >> 4 & 3 = 1;
CREATE VIEW transitions AS
  SELECT l.id, CASE l.flags & 3 WHEN 0 THEN 'tcp' WHEN 1 THEN 'tcp6' WHEN 2 THEN 'udp' ELSE 'udp6' END AS proto, p.value AS state,
    strftime('%Y-%m-%dT%H:%M:%S', (l.opened + coalesce(o.value, 0)) / 1000000, 'unixepoch') || printf('.%06dZ', (l.opened + coalesce(o.value, 0)) % 1000000) AS at,
    la.text AS local_addr, l.lport AS local_port, ra.text AS remote_addr, l.rport AS remote_port,
    p.key AS step, l.opened + coalesce(o.value, 0) AS at_us
  FROM (SELECT id, flags, opened, laddr, lport, raddr, rport, path, offsets FROM life UNION ALL SELECT id, flags, opened, laddr, lport, raddr, rport, path, offsets FROM open_life) l
    JOIN path ON path.id = l.path
    JOIN json_each(path.states) p
    JOIN address la ON la.id = l.laddr
    JOIN address ra ON ra.id = l.raddr
    LEFT JOIN json_each('[0' || coalesce(',' || l.offsets, '') || ']') o ON o.key = p.key;
CREATE VIEW gaps AS
  SELECT id, strftime('%Y-%m-%dT%H:%M:%S', (since) / 1000000, 'unixepoch') || printf('.%06dZ', (since) % 1000000) AS since, strftime('%Y-%m-%dT%H:%M:%S', (until) / 1000000, 'unixepoch') || printf('.%06dZ', (until) % 1000000) AS until, cause, samples, detail,
    since AS since_us, until AS until_us FROM gap;
CREATE VIEW samples AS
  SELECT s.id, strftime('%Y-%m-%dT%H:%M:%S', (s.first) / 1000000, 'unixepoch') || printf('.%06dZ', (s.first) % 1000000) AS first, strftime('%Y-%m-%dT%H:%M:%S', (s.last) / 1000000, 'unixepoch') || printf('.%06dZ', (s.last) % 1000000) AS last, s.samples, s.sockets, s.sockets_max,
    s.opened, s.closed, s.skipped, s.duplicates, s.incomplete, r.source, r.interval / 1e6 AS interval_s,
    s.first AS first_us, s.last AS last_us
  FROM sample s LEFT JOIN run r ON r.id = s.run;
COMMIT;
