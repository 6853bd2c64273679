BEGIN TRANSACTION;
CREATE TABLE access (
	kind VARCHAR NOT NULL, 
	subject_id BIGINT NOT NULL, 
	verdict VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (kind, subject_id)
);
INSERT INTO "access" VALUES('id-0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line verdict 0','2026-03-01 12:30:15.123456');
INSERT INTO "access" VALUES('id-1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line verdict 1','2026-03-01 12:31:15.123456');
INSERT INTO "access" VALUES('id-2',-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line verdict 2','2026-03-01 12:32:15.123456');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE api_calls (
	id INTEGER NOT NULL, 
	called_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "api_calls" VALUES(-2251799813685250,'2026-03-01 12:32:15.123456');
INSERT INTO "api_calls" VALUES(-2251799813685249,'2026-03-01 12:31:15.123456');
INSERT INTO "api_calls" VALUES(-2251799813685248,'2026-03-01 12:30:15.123456');
CREATE TABLE api_holds (
	service VARCHAR NOT NULL, 
	held_until DATETIME NOT NULL, 
	PRIMARY KEY (service)
);
INSERT INTO "api_holds" VALUES('id-0','2026-03-01 12:30:15.123456');
INSERT INTO "api_holds" VALUES('id-1','2026-03-01 12:31:15.123456');
INSERT INTO "api_holds" VALUES('id-2','2026-03-01 12:32:15.123456');
CREATE TABLE claim_codes (
	code_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (code_hash)
);
INSERT INTO "claim_codes" VALUES('id-0','2026-03-01 12:30:15.123456');
INSERT INTO "claim_codes" VALUES('id-1','2026-03-01 12:31:15.123456');
INSERT INTO "claim_codes" VALUES('id-2','2026-03-01 12:32:15.123456');
CREATE TABLE draft_items (
	draft_id VARCHAR NOT NULL, 
	message_id BIGINT NOT NULL, 
	media_group_id VARCHAR, 
	text TEXT, 
	file_id VARCHAR, 
	file_unique_id VARCHAR, 
	file_kind VARCHAR, 
	file_size BIGINT, 
	mime_type VARCHAR, 
	file_name VARCHAR, 
	PRIMARY KEY (draft_id, message_id), 
	FOREIGN KEY(draft_id) REFERENCES drafts (id) ON DELETE CASCADE
);
INSERT INTO "draft_items" VALUES('id-0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line media_group_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line text 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 0');
INSERT INTO "draft_items" VALUES('id-1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line media_group_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line text 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 1');
INSERT INTO "draft_items" VALUES('id-2',-2251799813685250,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE drafts (
	id VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	thread_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	shape VARCHAR DEFAULT 'wide' NOT NULL, 
	shape_chosen BOOLEAN DEFAULT 0 NOT NULL, 
	ideas TEXT DEFAULT '' NOT NULL, 
	shows_ideas BOOLEAN DEFAULT 0 NOT NULL, 
	version INTEGER NOT NULL, 
	card_message_id BIGINT, 
	card_claimed_at DATETIME, 
	card_version INTEGER NOT NULL, 
	extra_told BOOLEAN NOT NULL, 
	starts_itself BOOLEAN NOT NULL, 
	request_message_id BIGINT, 
	edited_from VARCHAR, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "drafts" VALUES('id-0',-2251799813685248,-2251799813685248,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 0',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 0',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 0',0,0,-2251799813685248,'2026-03-01 12:30:15.123456',0,0,0,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line edited_from 0','2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456');
INSERT INTO "drafts" VALUES('id-1',-2251799813685249,-2251799813685249,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 1',1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 1',1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 1',1,1,-2251799813685249,'2026-03-01 12:31:15.123456',1,1,1,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line edited_from 1','2026-03-01 12:31:15.123456','2026-03-01 12:31:15.123456');
INSERT INTO "drafts" VALUES('id-2',-2251799813685250,-2251799813685250,-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 2',2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 2',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 2',0,2,NULL,NULL,2,0,0,NULL,NULL,'2026-03-01 12:32:15.123456','2026-03-01 12:32:15.123456');
CREATE TABLE generation_photos (
	generation_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	file_id VARCHAR NOT NULL, 
	file_unique_id VARCHAR NOT NULL, 
	file_kind VARCHAR NOT NULL, 
	file_size BIGINT, 
	mime_type VARCHAR, 
	file_name VARCHAR, 
	PRIMARY KEY (generation_id, position), 
	FOREIGN KEY(generation_id) REFERENCES generations (id) ON DELETE CASCADE
);
INSERT INTO "generation_photos" VALUES('id-0',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 0');
INSERT INTO "generation_photos" VALUES('id-1',1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 1');
INSERT INTO "generation_photos" VALUES('id-2',2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 2',NULL,NULL,NULL);
CREATE TABLE generations (
	id VARCHAR NOT NULL, 
	request_key VARCHAR NOT NULL, 
	chat_id BIGINT NOT NULL, 
	thread_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	language VARCHAR NOT NULL, 
	request_message_id BIGINT NOT NULL, 
	status_message_id BIGINT, 
	prompt TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	shape VARCHAR DEFAULT 'wide' NOT NULL, 
	ideas TEXT DEFAULT '' NOT NULL, 
	receipt VARCHAR DEFAULT '' NOT NULL, 
	stars INTEGER DEFAULT '0' NOT NULL, 
	prepaid INTEGER DEFAULT '0' NOT NULL, 
	state VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	epoch INTEGER NOT NULL, 
	queued_at DATETIME NOT NULL, 
	started_at DATETIME, 
	taken_by VARCHAR, 
	armed_at DATETIME, 
	history_before TEXT, 
	attempts INTEGER NOT NULL, 
	reconciling_since DATETIME, 
	server_error BOOLEAN NOT NULL, 
	cancel_requested_at DATETIME, 
	finished_at DATETIME, 
	final_shown_at DATETIME, 
	failure_kind VARCHAR, 
	failure_reason VARCHAR NOT NULL, 
	charged VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (request_key)
);
INSERT INTO "generations" VALUES('id-0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line request_key 0',-2251799813685248,-2251799813685248,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 0',-2251799813685248,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line prompt 0',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line receipt 0',0,0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line note 0',0,'2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line taken_by 0','2026-03-01 12:30:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line history_before 0',0,'2026-03-01 12:30:15.123456',0,'2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line failure_kind 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line failure_reason 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line charged 0');
INSERT INTO "generations" VALUES('id-1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line request_key 1',-2251799813685249,-2251799813685249,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 1',-2251799813685249,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line prompt 1',1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line receipt 1',1,1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line note 1',1,'2026-03-01 12:31:15.123456','2026-03-01 12:31:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line taken_by 1','2026-03-01 12:31:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line history_before 1',1,'2026-03-01 12:31:15.123456',1,'2026-03-01 12:31:15.123456','2026-03-01 12:31:15.123456','2026-03-01 12:31:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line failure_kind 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line failure_reason 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line charged 1');
INSERT INTO "generations" VALUES('id-2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line request_key 2',-2251799813685250,-2251799813685250,-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 2',-2251799813685250,NULL,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line prompt 2',2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line shape 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line ideas 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line receipt 2',2,2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line note 2',2,'2026-03-01 12:32:15.123456',NULL,NULL,NULL,NULL,2,NULL,0,NULL,NULL,NULL,NULL,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line failure_reason 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line charged 2');
CREATE TABLE inbox (
	bot_id BIGINT NOT NULL, 
	update_id BIGINT NOT NULL, 
	lane VARCHAR NOT NULL, 
	payload TEXT, 
	received_at DATETIME NOT NULL, 
	taken_by VARCHAR, 
	PRIMARY KEY (bot_id, update_id)
);
INSERT INTO "inbox" VALUES(-2251799813685248,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line lane 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line payload 0','2026-03-01 12:30:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line taken_by 0');
INSERT INTO "inbox" VALUES(-2251799813685249,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line lane 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line payload 1','2026-03-01 12:31:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line taken_by 1');
INSERT INTO "inbox" VALUES(-2251799813685250,-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line lane 2',NULL,'2026-03-01 12:32:15.123456',NULL);
CREATE TABLE members (
	executor_id VARCHAR NOT NULL, 
	works BOOLEAN NOT NULL, 
	seen_at DATETIME NOT NULL, 
	PRIMARY KEY (executor_id)
);
INSERT INTO "members" VALUES('id-0',0,'2026-03-01 12:30:15.123456');
INSERT INTO "members" VALUES('id-1',1,'2026-03-01 12:31:15.123456');
INSERT INTO "members" VALUES('id-2',0,'2026-03-01 12:32:15.123456');
CREATE TABLE movements (
	"key" VARCHAR NOT NULL, 
	user_id BIGINT NOT NULL, 
	generation_id VARCHAR, 
	stars INTEGER NOT NULL, 
	free INTEGER NOT NULL, 
	credit INTEGER NOT NULL, 
	owed INTEGER NOT NULL, 
	made INTEGER NOT NULL, 
	bought INTEGER NOT NULL, 
	moved_at DATETIME NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "movements" VALUES('id-0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 0',0,0,0,0,0,0,'2026-03-01 12:30:15.123456');
INSERT INTO "movements" VALUES('id-1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 1',1,1,1,1,1,1,'2026-03-01 12:31:15.123456');
INSERT INTO "movements" VALUES('id-2',-2251799813685250,NULL,2,2,2,2,2,2,'2026-03-01 12:32:15.123456');
CREATE TABLE notices (
	"key" VARCHAR NOT NULL, 
	told_at DATETIME NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "notices" VALUES('id-0','2026-03-01 12:30:15.123456');
INSERT INTO "notices" VALUES('id-1','2026-03-01 12:31:15.123456');
INSERT INTO "notices" VALUES('id-2','2026-03-01 12:32:15.123456');
CREATE TABLE payments (
	charge_id VARCHAR NOT NULL, 
	user_id BIGINT NOT NULL, 
	generation_id VARCHAR NOT NULL, 
	stars INTEGER NOT NULL, 
	videos INTEGER NOT NULL, 
	credit INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	paid_at DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	retry_at DATETIME, 
	PRIMARY KEY (charge_id)
);
INSERT INTO "payments" VALUES('id-0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 0',0,0,0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 0','2026-03-01 12:30:15.123456',0,'2026-03-01 12:30:15.123456');
INSERT INTO "payments" VALUES('id-1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 1',1,1,1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 1','2026-03-01 12:31:15.123456',1,'2026-03-01 12:31:15.123456');
INSERT INTO "payments" VALUES('id-2',-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 2',2,2,2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 2','2026-03-01 12:32:15.123456',2,NULL);
CREATE TABLE people (
	user_id BIGINT NOT NULL, 
	language VARCHAR, 
	usual_count INTEGER NOT NULL, 
	starts_at_once BOOLEAN NOT NULL, 
	usual_shape VARCHAR DEFAULT 'wide' NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (user_id)
);
INSERT INTO "people" VALUES(-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 0',0,0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line usual_shape 0','2026-03-01 12:30:15.123456');
INSERT INTO "people" VALUES(-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line language 1',1,1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line usual_shape 1','2026-03-01 12:31:15.123456');
INSERT INTO "people" VALUES(-2251799813685250,NULL,2,0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line usual_shape 2','2026-03-01 12:32:15.123456');
CREATE TABLE purchases (
	generation_id VARCHAR NOT NULL, 
	user_id BIGINT NOT NULL, 
	free INTEGER NOT NULL, 
	credit INTEGER NOT NULL, 
	videos INTEGER NOT NULL, 
	stars INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	invoiced_at DATETIME, 
	invoice_message_id BIGINT, 
	agreed_at DATETIME, 
	agreed_query VARCHAR, 
	settled_at DATETIME, 
	PRIMARY KEY (generation_id), 
	FOREIGN KEY(generation_id) REFERENCES generations (id) ON DELETE CASCADE
);
INSERT INTO "purchases" VALUES('id-0',-2251799813685248,0,0,0,0,'2026-03-01 12:30:15.123456','2026-03-01 12:30:15.123456',-2251799813685248,'2026-03-01 12:30:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line agreed_query 0','2026-03-01 12:30:15.123456');
INSERT INTO "purchases" VALUES('id-1',-2251799813685249,1,1,1,1,'2026-03-01 12:31:15.123456','2026-03-01 12:31:15.123456',-2251799813685249,'2026-03-01 12:31:15.123456','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line agreed_query 1','2026-03-01 12:31:15.123456');
INSERT INTO "purchases" VALUES('id-2',-2251799813685250,2,2,2,2,'2026-03-01 12:32:15.123456',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE result_claims (
	"key" VARCHAR NOT NULL, 
	generation_id VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "result_claims" VALUES('id-0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 0','2026-03-01 12:30:15.123456');
INSERT INTO "result_claims" VALUES('id-1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 1','2026-03-01 12:31:15.123456');
INSERT INTO "result_claims" VALUES('id-2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line generation_id 2','2026-03-01 12:32:15.123456');
CREATE TABLE seen_photos (
	chat_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	media_group_id VARCHAR NOT NULL, 
	file_id VARCHAR NOT NULL, 
	file_unique_id VARCHAR NOT NULL, 
	file_kind VARCHAR NOT NULL, 
	file_size BIGINT, 
	mime_type VARCHAR, 
	file_name VARCHAR, 
	seen_at DATETIME NOT NULL, 
	PRIMARY KEY (chat_id, message_id)
);
INSERT INTO "seen_photos" VALUES(-2251799813685248,-2251799813685248,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line media_group_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 0',-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 0','2026-03-01 12:30:15.123456');
INSERT INTO "seen_photos" VALUES(-2251799813685249,-2251799813685249,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line media_group_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 1',-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line mime_type 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_name 1','2026-03-01 12:31:15.123456');
INSERT INTO "seen_photos" VALUES(-2251799813685250,-2251799813685250,-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line media_group_id 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_unique_id 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_kind 2',NULL,NULL,NULL,'2026-03-01 12:32:15.123456');
CREATE TABLE tills (
	bot_id BIGINT NOT NULL, 
	tag VARCHAR NOT NULL, 
	next_offset INTEGER NOT NULL, 
	PRIMARY KEY (bot_id)
);
INSERT INTO "tills" VALUES(-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line tag 0',0);
INSERT INTO "tills" VALUES(-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line tag 1',1);
INSERT INTO "tills" VALUES(-2251799813685250,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line tag 2',2);
CREATE TABLE videos (
	generation_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	url TEXT NOT NULL, 
	state VARCHAR NOT NULL, 
	send_attempts INTEGER NOT NULL, 
	message_id BIGINT, 
	file_id VARCHAR, 
	PRIMARY KEY (generation_id, position), 
	FOREIGN KEY(generation_id) REFERENCES generations (id) ON DELETE CASCADE
);
INSERT INTO "videos" VALUES('id-0',0,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line url 0','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 0',0,-2251799813685248,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 0');
INSERT INTO "videos" VALUES('id-1',1,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line url 1','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 1',1,-2251799813685249,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line file_id 1');
INSERT INTO "videos" VALUES('id-2',2,'Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line url 2','Mèo 🐈‍⬛ đi dạo; "quoted" ''so'' \ %s
next line state 2',2,NULL,NULL);
CREATE INDEX payments_by_person ON payments (user_id, paid_at);
CREATE INDEX payments_by_state ON payments (state, retry_at);
CREATE INDEX payments_by_generation ON payments (generation_id);
CREATE INDEX movements_by_person ON movements (user_id);
CREATE INDEX drafts_by_age ON drafts (updated_at);
CREATE UNIQUE INDEX one_open_draft ON drafts (chat_id, thread_id, user_id) WHERE state = 'open';
CREATE INDEX seen_photos_by_age ON seen_photos (seen_at);
CREATE INDEX seen_photos_by_album ON seen_photos (chat_id, media_group_id);
CREATE INDEX generations_by_state ON generations (state, queued_at);
CREATE INDEX generations_by_chat ON generations (chat_id, status_message_id);
CREATE INDEX generations_by_person ON generations (user_id, queued_at);
CREATE INDEX result_claims_by_age ON result_claims (created_at);
CREATE INDEX inbox_by_lane ON inbox (bot_id, lane, update_id) WHERE payload IS NOT NULL;
CREATE INDEX inbox_by_age ON inbox (received_at);
CREATE INDEX draft_items_by_message ON draft_items (message_id);
CREATE INDEX draft_items_by_album ON draft_items (media_group_id);
COMMIT;
