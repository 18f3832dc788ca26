BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	whose VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "attempts" VALUES(1,'c01255eab20c530e3aaf5e2d932628f57c3c8e70518d7afbab863a6d8315d2f5',1796030695);
INSERT INTO "attempts" VALUES(2,'431ef3f8d97c99cc4fd320c3eb5abbca',1796030695);
INSERT INTO "attempts" VALUES(3,'all',1796030695);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	actor_id INTEGER, 
	actor TEXT NOT NULL, 
	action VARCHAR(64) NOT NULL, 
	subject TEXT NOT NULL
);
INSERT INTO "audit" VALUES(1,1796030691,1,'ann@example.org','signed_in','');
INSERT INTO "audit" VALUES(2,1796030694,2,'bob@example.org','signed_in','');
INSERT INTO "audit" VALUES(3,1796030695,NULL,'command line','invite_made','member');
INSERT INTO "audit" VALUES(4,1796030695,NULL,'command line','person_added','cy@example.org, member');
INSERT INTO "audit" VALUES(5,1796030695,NULL,'command line','reset_made','cy@example.org');
CREATE TABLE conversations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	leaf_id INTEGER, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, unread BOOLEAN DEFAULT 0 NOT NULL, mixed BOOLEAN DEFAULT 0 NOT NULL, 
	FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
INSERT INTO "conversations" VALUES(1,1,'Hello?',4,1796030691,1796030692,1,0);
INSERT INTO "conversations" VALUES(2,1,'Tell me a story.',6,1796030693,1796030693,1,0);
INSERT INTO "conversations" VALUES(3,2,'Hallo?',8,1796030694,1796030694,1,0);
CREATE TABLE hidden_models (
	provider VARCHAR(64) NOT NULL, 
	model VARCHAR(256) NOT NULL, 
	PRIMARY KEY (provider, model)
);
CREATE TABLE invites (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	digest VARCHAR(64) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	email VARCHAR(254), 
	uses_left INTEGER NOT NULL, 
	made_by INTEGER, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	UNIQUE (digest), 
	FOREIGN KEY(made_by) REFERENCES people (id) ON DELETE SET NULL
);
INSERT INTO "invites" VALUES(1,'0b4f7094b38b6bcb88b8a4a9202ebadbe142572b1ad6281ac1e789ef03f366b6','member',NULL,5,NULL,1796030695,1798622695,NULL);
CREATE TABLE messages (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	conversation_id INTEGER NOT NULL, 
	parent_id INTEGER, 
	role VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	html TEXT, 
	html_version INTEGER, 
	turn_key VARCHAR(64), 
	created_at BIGINT NOT NULL, 
	FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	FOREIGN KEY(parent_id) REFERENCES messages (id) ON DELETE CASCADE, 
	UNIQUE (turn_key)
);
INSERT INTO "messages" VALUES(1,1,NULL,'user','Hello?',NULL,NULL,'88998e86280db6d21779f0032c56e46d1184c1b36eb59485c779721280fac078',1796030691);
INSERT INTO "messages" VALUES(2,1,1,'assistant','**Hi**, Ann.','<p dir="auto"><strong>Hi</strong>, Ann.</p>',5,NULL,1796030691);
INSERT INTO "messages" VALUES(3,1,2,'user','What is a rivulet?',NULL,NULL,'a9a9d0215c29db57a8a3873caf800294cc4767764b9129383fe736ac1252620f',1796030692);
INSERT INTO "messages" VALUES(4,1,3,'assistant','It is a *river*.','<p dir="auto">It is a <em>river</em>.</p>',5,NULL,1796030692);
INSERT INTO "messages" VALUES(5,2,NULL,'user','Tell me a story.',NULL,NULL,'874b24c29b95d48ed32b836a688bb381bb30b1dc3f358d210fc36cbdc6c81856',1796030693);
INSERT INTO "messages" VALUES(6,2,5,'assistant','Once upon','<p dir="auto">Once upon</p>',5,NULL,1796030693);
INSERT INTO "messages" VALUES(7,3,NULL,'user','Hallo?',NULL,NULL,'829f15ac31c242610b9447a148dff6da989bfdc2ff29c004a766a9147af85f51',1796030694);
INSERT INTO "messages" VALUES(8,3,7,'assistant','Grüße, 你好 👋','<p dir="auto">Grüße, 你好 👋</p>',5,NULL,1796030694);
CREATE TABLE options (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "options" VALUES('mark','8d762707');
CREATE TABLE people (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uid VARCHAR(64) NOT NULL, 
	created_at BIGINT NOT NULL, role VARCHAR(16) DEFAULT 'guest' NOT NULL, email VARCHAR(254), name TEXT, password TEXT, subject TEXT, suspended_at BIGINT, seen_at BIGINT, 
	UNIQUE (uid)
);
INSERT INTO "people" VALUES(1,'UrilEANzPuBtIuCYz-GBJA',1796030691,'admin','ann@example.org',NULL,'$argon2id$v=19$m=19456,t=2,p=1$xRtkXI3F8SynvZ8qZJ1ZQg$m0cdUq5nN7IlYzDVHoaxLkY/5vmZF11RyeKnuPIgazg',NULL,NULL,1796030691);
INSERT INTO "people" VALUES(2,'b4ylSG6O-28HHdPc29b8PQ',1796030694,'member','bob@example.org',NULL,'$argon2id$v=19$m=19456,t=2,p=1$xRtkXI3F8SynvZ8qZJ1ZQg$m0cdUq5nN7IlYzDVHoaxLkY/5vmZF11RyeKnuPIgazg',NULL,NULL,1796030694);
INSERT INTO "people" VALUES(3,'5sCRK5FFOEFLJh6E55E5CA',1796030695,'member','cy@example.org','Cy',NULL,NULL,NULL,NULL);
CREATE TABLE pieces (
	reply_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (reply_id, seq), 
	FOREIGN KEY(reply_id) REFERENCES replies (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE replies (
	id INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	provider VARCHAR(64) NOT NULL, 
	model TEXT NOT NULL, 
	owner VARCHAR(64), 
	lease_until BIGINT, 
	stop BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	left_out INTEGER NOT NULL, 
	error TEXT, 
	finish_reason TEXT, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, continued INTEGER DEFAULT '0' NOT NULL, first_word_ms INTEGER, duration_ms INTEGER, reasoning_ms INTEGER, reasoning TEXT, address VARCHAR(32), 
	PRIMARY KEY (id), 
	FOREIGN KEY(id) REFERENCES messages (id) ON DELETE CASCADE
);
INSERT INTO "replies" VALUES(2,'complete','scripted','small',NULL,NULL,0,0,0,NULL,'stop',7,11,1796030691,1796030691,0,15,15,NULL,NULL,NULL);
INSERT INTO "replies" VALUES(4,'complete','scripted','small',NULL,NULL,0,0,0,NULL,'stop',7,11,1796030692,1796030692,0,35,35,NULL,NULL,NULL);
INSERT INTO "replies" VALUES(6,'interrupted','scripted','small',NULL,NULL,0,0,0,'The model is busy.',NULL,NULL,NULL,1796030693,1796030693,0,2,2,NULL,NULL,NULL);
INSERT INTO "replies" VALUES(8,'complete','scripted','small',NULL,NULL,0,0,0,NULL,'stop',7,11,1796030694,1796030694,0,2,2,NULL,NULL,NULL);
CREATE TABLE resets (
	digest VARCHAR(64) NOT NULL, 
	person_id INTEGER NOT NULL, 
	expires_at BIGINT NOT NULL, 
	PRIMARY KEY (digest), 
	FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
INSERT INTO "resets" VALUES('c8ffeb7e9a0fa3fcf123d7eb2c38f73df45d092ebd7a8ce1a50ab94ea5fd5e1c',3,1796032495);
CREATE TABLE sends (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	address VARCHAR(32), 
	at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE services (
	name VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	url TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	key_end VARCHAR(8) NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE "sessions" (
	id VARCHAR(64) NOT NULL, 
	data TEXT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	person_id INTEGER, 
	created_at BIGINT, 
	seen_at BIGINT, 
	agent TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT sessions_person_id_fkey FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
INSERT INTO "sessions" VALUES('e599b870396b568b08b6b40c812aeff3bc947481a2a3b98f180c0826519bc8f2','{"_permanent": true, "person": 1}',1796635491,1,1796030691,1796030691,'Werkzeug/3.1.9');
INSERT INTO "sessions" VALUES('4ca355d97b9852876a50b968eac81d6a8cc130ec47182005e284b7befa4ac490','{"_permanent": true, "person": 2}',1796635494,2,1796030694,1796030694,'Werkzeug/3.1.9');
CREATE INDEX ix_conversations_person_id ON conversations (person_id);
CREATE INDEX ix_messages_parent_id ON messages (parent_id);
CREATE INDEX ix_replies_state ON replies (state);
CREATE INDEX ix_messages_siblings ON messages (conversation_id, parent_id);
CREATE INDEX ix_sends_at ON sends (at);
CREATE INDEX ix_sends_address ON sends (address);
CREATE INDEX ix_sends_person_id ON sends (person_id);
CREATE UNIQUE INDEX ix_people_email ON people (email);
CREATE UNIQUE INDEX ix_people_subject ON people (subject);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_sessions_person_id ON sessions (person_id);
CREATE INDEX ix_resets_expires_at ON resets (expires_at);
CREATE INDEX ix_resets_person_id ON resets (person_id);
CREATE INDEX ix_attempts_at ON attempts (at);
CREATE INDEX ix_attempts_whose ON attempts (whose);
CREATE INDEX ix_audit_throttled ON audit (id) WHERE action = 'sign_in_throttled';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('people',3);
INSERT INTO "sqlite_sequence" VALUES('audit',5);
INSERT INTO "sqlite_sequence" VALUES('conversations',3);
INSERT INTO "sqlite_sequence" VALUES('messages',8);
INSERT INTO "sqlite_sequence" VALUES('invites',1);
COMMIT;
