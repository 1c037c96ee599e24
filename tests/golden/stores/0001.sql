-- A store as it was before revisions were noted, with two customers; the portrait of one is drawn.
PRAGMA application_id = 1280134738;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE attributes (
	customer_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	known_us BIGINT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (customer_id, name, known_us, value)
)
 WITHOUT ROWID

;
CREATE TABLE audit (
	no BIGINT NOT NULL, 
	at_us BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	link BLOB NOT NULL, 
	PRIMARY KEY (no)
)
 WITHOUT ROWID

;
CREATE TABLE consents (
	customer_id TEXT NOT NULL, 
	purpose TEXT NOT NULL, 
	granted INTEGER NOT NULL, 
	told_us BIGINT NOT NULL, 
	PRIMARY KEY (customer_id, purpose)
)
 WITHOUT ROWID

;
CREATE TABLE customers (
	no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	customer_id TEXT NOT NULL, 
	counters TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	drawn BIGINT NOT NULL, 
	changed_us BIGINT NOT NULL, 
	UNIQUE (customer_id)
);
INSERT INTO "customers" VALUES(1,'ann','{"events":2,"orders":2,"lines":2,"bought":13000000,"pieces":4000000,"first":1714557600000000,"last":1714816800000000,"last_purchase":1714816800000000,"kinds":{"purchase":2},"days":{"19844":[1,1,5000000],"19847":[1,1,8000000]}}',2,2,1714557600000000);
INSERT INTO "customers" VALUES(2,'ben','{"events":2,"orders":1,"lines":1,"bought":5000000,"pieces":2000000,"first":1714644000000000,"last":1714730400000000,"last_purchase":1714730400000000,"kinds":{"purchase":1,"view":1},"days":{"19845":[1,0,0],"19846":[1,1,5000000]}}',4,0,1714557600000005);
CREATE TABLE items (
	item_id TEXT NOT NULL, 
	title TEXT, 
	description TEXT, 
	category TEXT, 
	brand TEXT, 
	price DOUBLE, 
	image TEXT, 
	PRIMARY KEY (item_id)
);
CREATE TABLE journal (
	customer_no BIGINT NOT NULL, 
	seq BIGINT NOT NULL, 
	time_us BIGINT NOT NULL, 
	received_us BIGINT NOT NULL, 
	kind TEXT, 
	item_id TEXT, 
	order_id TEXT, 
	session_id TEXT, 
	quantity DOUBLE, 
	price DOUBLE, 
	discount DOUBLE, 
	currency TEXT, 
	text TEXT, 
	rating DOUBLE, 
	properties TEXT, 
	event_id TEXT, 
	PRIMARY KEY (customer_no, seq)
)
 WITHOUT ROWID

;
INSERT INTO "journal" VALUES(1,1,1714557600000000,1714557600000000,'purchase','milk','o1',NULL,2.0,2.5,NULL,NULL,NULL,NULL,NULL,'e1');
INSERT INTO "journal" VALUES(1,2,1714816800000000,1714557600000000,'purchase','milk','o2',NULL,2.0,4.0,NULL,NULL,NULL,NULL,NULL,'e2');
INSERT INTO "journal" VALUES(2,3,1714644000000000,1714557600000000,'view','milk',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'e3');
INSERT INTO "journal" VALUES(2,4,1714730400000000,1714557600000005,'purchase','tea','o4',NULL,2.0,2.5,NULL,NULL,NULL,NULL,NULL,'e4');
CREATE TABLE keys (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	purposes TEXT NOT NULL, 
	tenant TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	created_us BIGINT NOT NULL, 
	revoked_us BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "keys" VALUES('3f9a1c02b7de','site','["ingest"]','[]','default',X'0101010101010101010101010101010101010101010101010101010101010101',1714557600000000,NULL);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT);
INSERT INTO "meta" VALUES('token','4');
INSERT INTO "meta" VALUES('as_of','2024-05-04T10:00:00.000001+00:00');
INSERT INTO "meta" VALUES('computed_at','2024-05-01T10:00:00+00:00');
INSERT INTO "meta" VALUES('model_version',NULL);
INSERT INTO "meta" VALUES('currency',NULL);
INSERT INTO "meta" VALUES('popular','[{"item_id": "milk", "title": "milk", "share": 0.5}, {"item_id": "tea", "title": "tea", "share": 0.5}]');
CREATE TABLE offsets (
	source TEXT NOT NULL, 
	position TEXT NOT NULL, 
	PRIMARY KEY (source)
);
CREATE TABLE privacy_requests (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	customer_id TEXT, 
	allow_return INTEGER NOT NULL, 
	created_us BIGINT NOT NULL, 
	changed_us BIGINT NOT NULL, 
	receipt TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE profiles (
    customer_id TEXT PRIMARY KEY,
    rfm_group TEXT NOT NULL,
    stage TEXT NOT NULL,
    as_of TEXT NOT NULL,
    profile TEXT NOT NULL
);
INSERT INTO "profiles" VALUES('ann','CHAMPIONS','active','2024-05-04T10:00:00.000001+00:00','{"customer_id":"ann","as_of":"2024-05-04T10:00:00.000001Z","computed_at":"2024-05-01T10:00:00Z","identity":{"first_seen":"2024-05-01T10:00:00Z","last_seen":"2024-05-04T10:00:00Z"},"lifecycle":{"stage":"active","rfm_group":"CHAMPIONS","recency":{"unit":"days","value":0.0,"quintile":5},"frequency":{"unit":"orders","value":2.0,"quintile":5},"monetary":{"unit":"money","value":13.0,"quintile":5}},"rhythm":{"basis":"orders","time_zone":"UTC","hours":[0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0],"weekdays":[0,0,1,0,0,1,0],"weekly_spend":[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,13.0],"preferred_hour":10,"preferred_weekday":2,"usual_gap_days":3.0},"value":{"historic_clv":13.0,"historic_number_of_orders":2,"average_order_value":6.5,"average_days_between_orders":3.0,"expected_date_of_next_order":"2024-05-07T10:00:00Z"},"traits":[{"name":"orders","value":2,"unit":"orders","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"spend","value":13.0,"unit":"money","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"average_order_value","value":6.5,"unit":"money","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"largest_order_value","value":8.0,"unit":"money","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"recency_days","value":0.0,"unit":"days","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"usual_gap_days","value":3.0,"unit":"days","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"average_gap_days","value":3.0,"unit":"days","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"recency_in_usual_gaps","value":0.0,"unit":"gaps","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"tenure_days","value":3.0,"unit":"days","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1","item_id":"milk"}]},{"name":"orders_last_30_days","value":2,"unit":"orders","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"spend_last_30_days","value":13.0,"unit":"money","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"spend_30_days_before","value":0.0,"unit":"money","as_of":"2024-05-04T10:00:00.000001Z"},{"name":"pieces","value":4.0,"unit":"pieces","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"lines_per_order","value":1.0,"unit":"lines","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"pieces_per_order","value":2.0,"unit":"pieces","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"distinct_items","value":1,"unit":"items","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"distinct_categories","value":0,"unit":"categories","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"distinct_brands","value":0,"unit":"brands","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"repeat_share","value":0.5,"unit":"share","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"discount_share","value":0.0,"unit":"share","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"return_share","value":0.0,"unit":"share","as_of":"2024-05-04T10:00:00.000001Z"},{"name":"price_position","value":0.75,"unit":"share","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"price_tier","value":"high","unit":"tier","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]},{"name":"events","value":2,"unit":"events","as_of":"2024-05-04T10:00:00.000001Z","evidence":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2","item_id":"milk"}]}],"items":[{"key":"milk","name":"milk","share":1.0,"basis":"spend","count":2,"spend":13.0,"last":{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2","item_id":"milk"}}],"kinds":[{"kind":"purchase","count":2}],"summary":[{"name":"who","text_en":"Champions (active): 2 orders worth 13.00, known since 1 May 2024, last order 0 days ago.","text_zh":"重要价值客户（活跃期）：2单，共13.00，2024年5月1日首次出现，0天前最近下单。","evidence":["lifecycle.rfm_group","lifecycle.stage","traits.orders","identity.first_seen","traits.spend","traits.recency_days"],"events":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"},{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1","item_id":"milk"}]},{"name":"taste","text_en":"Spends most on the item “milk” (100 %).","text_zh":"消费集中于商品“milk” (100 %)。","evidence":["items.milk"],"events":[{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2","item_id":"milk"}]},{"name":"prices","text_en":"Chooses high prices within their categories (position 0.75 of 1).","text_zh":"在同品类中偏好高价位（位置0.75）。","evidence":["traits.price_tier","traits.price_position"],"events":[{"kind":"purchase","time":"2024-05-01T10:00:00Z","order_id":"o1"},{"kind":"purchase","time":"2024-05-04T10:00:00Z","order_id":"o2"}]}]}');
CREATE TABLE rejects (
	no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	received_us BIGINT NOT NULL, 
	source TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	"row" TEXT NOT NULL
);
INSERT INTO "rejects" VALUES(1,1714557600000000,'plain','bad_time','no time','{"customer_id":"ann"}');
CREATE TABLE seen (
	"key" BLOB NOT NULL, 
	PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
INSERT INTO "seen" VALUES(X'02D3EED2AE1C30F004889D4B076E9F42');
INSERT INTO "seen" VALUES(X'141E93DB1A11C0C6F5F0ED901B1EC464');
INSERT INTO "seen" VALUES(X'4866C39C782B9B92D995C7E9BBB10069');
INSERT INTO "seen" VALUES(X'67A8999D151A3E44A7F7C517B49E9E5E');
INSERT INTO "seen" VALUES(X'7DF0A4FE02DCEB5F6254C3A7855CA732');
INSERT INTO "seen" VALUES(X'95581EBD198A1A59C163FA41298B93FC');
INSERT INTO "seen" VALUES(X'AF5842171AE0E6580BA540A79ABEB29A');
CREATE TABLE suppressed (
	digest BLOB NOT NULL, 
	since_us BIGINT NOT NULL, 
	PRIMARY KEY (digest)
)
 WITHOUT ROWID

;
CREATE INDEX stale_customers ON customers (changed_us) WHERE drawn < seq;
CREATE INDEX audit_subject ON audit (subject);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('customers',2);
INSERT INTO "sqlite_sequence" VALUES('rejects',1);
COMMIT;
