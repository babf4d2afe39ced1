#include "pgwire/connection.h"

#include <catch2/catch.hpp>
#include <random>

#include "pgwire/crypto.h"
#include "pgwire/message_reader.h"
#include "pgwire/scripted_backend_test.h"
#include "pgwire/text_encoding.h"

namespace luma {
namespace {

struct TestHost : ConnectionHost {
  void wake() override {}
  void set_timer(Interrupt::Reason, std::chrono::milliseconds) override {}
  bool tls_available() const override { return tls; }
  std::string channel_binding() const override { return ""; }
  AuthMethod authentication_method(const StartupParameters&) override { return method; }
  std::string cluster_secret() const override { return "secret"; }
  void admit(const StartupParameters&, bool superuser) override {
    if (full && !superuser)
      throw sql_error(SqlState::kTooManyConnections, "sorry, too many clients already");
  }
  uint32_t secret_key() const override { return 77; }
  void cancel(int32_t pid, uint32_t key) override { cancelled = {pid, key}; }
  void log_error(const SqlError&, std::string_view) noexcept override { ++errors; }

  AuthMethod method = AuthMethod::kTrust;
  bool tls = false, full = false;
  int errors = 0;
  std::pair<int32_t, uint32_t> cancelled{0, 0};
};

struct TestGate : OutputGate {
  void drain(std::string& output) override {
    ++drains;
    drained += output;
    output.clear();
  }
  int drains = 0;
  std::string drained;
};

std::string int32_bytes(uint32_t value) {
  value = __builtin_bswap32(value);
  return {reinterpret_cast<char*>(&value), 4};
}
std::string int16_bytes(uint16_t value) {
  value = __builtin_bswap16(value);
  return {reinterpret_cast<char*>(&value), 2};
}
std::string z(std::string_view text) { return std::string(text) + '\0'; }
std::string message(char type, const std::string& body) {
  return type + int32_bytes(static_cast<uint32_t>(body.size() + 4)) + body;
}
std::string startup(const std::string& parameters, uint32_t version = kProtocolVersion3) {
  return int32_bytes(static_cast<uint32_t>(parameters.size() + 9)) + int32_bytes(version) +
         parameters + '\0';
}
std::string query(std::string_view sql) { return message('Q', z(sql)); }
std::string parse_message(std::string_view name, std::string_view sql) {
  return message('P', z(name) + z(sql) + int16_bytes(0));
}
std::string bind_message(std::string_view portal, std::string_view name) {
  return message('B', z(portal) + z(name) + int16_bytes(0) + int16_bytes(0) + int16_bytes(0));
}
std::string execute_message(std::string_view portal) {
  return message('E', z(portal) + int32_bytes(0));
}
const std::string kUser = z("user") + z("alice");
const std::string kSync = message('S', "");

struct Wire {
  TestHost host;
  ScriptedFactory factory;
  TestGate gate;
  Connection connection{factory, host, ClientInfo{.process_id = 42}};
  int escalations = 0;
  Step last = Step::kNeedInput;

  explicit Wire(bool start = true) {
    if (start) send(startup(kUser));
  }
  // Feeds, processes as the server does, and returns everything sent.
  std::string send(const std::string& bytes) {
    connection.feed(bytes);
    for (;;) {
      last = connection.process(nullptr);
      if (last == Step::kEscalate) {
        ++escalations;
        last = connection.process(&gate);
        REQUIRE(last != Step::kEscalate);
      }
      if (last != Step::kProcessed) break;
    }
    std::string out = std::move(gate.drained) + connection.output();
    gate.drained.clear();
    connection.output().clear();
    return out;
  }
};

// "T D C Z": message types; ErrorResponses as E<sqlstate>, C with its tag, Z with its status.
std::string shape(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    REQUIRE(bytes.size() >= 5);
    uint32_t length;
    std::memcpy(&length, bytes.data() + 1, 4);
    length = __builtin_bswap32(length);
    REQUIRE(length >= 4);
    REQUIRE(bytes.size() >= length + 1);
    std::string_view body = bytes.substr(5, length - 4);
    if (!out.empty()) out += ' ';
    out += bytes[0];
    if (bytes[0] == 'E') {
      size_t code = body.find(std::string_view("\0C", 2));
      out += body.substr(code + 2, 5);
      if (body.starts_with("SFATAL")) out += '!';
    } else if (bytes[0] == 'C') {
      out += "(" + std::string(body.substr(0, body.size() - 1)) + ")";
    } else if (bytes[0] == 'Z') {
      out += body[0];
    }
    bytes.remove_prefix(length + 1);
  }
  return out;
}

TEST_CASE("startup: parameters, key and ReadyForQuery") {
  Wire wire(false);
  std::string out = wire.send(startup(kUser));
  CHECK(shape(out) == "R S S S S K ZI");
  CHECK(wire.connection.parameters().database == "alice");
  CHECK(out.find(std::string("K\0\0\0\xc\0\0\0\x2a\0\0\0\x4d", 13)) != out.npos);
}

TEST_CASE("startup: one byte at a time") {
  Wire wire(false);
  std::string out;
  for (char c : startup(kUser) + query("rows 1")) out += wire.send(std::string(1, c));
  CHECK(shape(out) == "R S S S S K ZI T D C(SELECT 1) ZI");
}

TEST_CASE("startup: encryption requests, versions, options") {
  Wire wire(false);
  CHECK(wire.send(int32_bytes(8) + int32_bytes(kSslRequestCode)) == "N");
  CHECK(wire.send(int32_bytes(8) + int32_bytes(kGssEncRequestCode)) == "N");
  std::string out = wire.send(startup(kUser + z("options") + z("-c a-b=1 --c=x\\ y -cd=2") +
                                          z("_pq_.x") + z("1") + z("TimeZone") + z("UTC"),
                                      kProtocolVersion3 + 2));
  CHECK(out.substr(0, 22) == std::string("v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.x\0R\0", 22));
  auto& options = wire.connection.parameters().options;
  REQUIRE(options.size() == 3);
  CHECK(options[0] == std::pair<std::string, std::string>{"a_b", "1"});
  CHECK(options[1].second == "x y");
  CHECK(options[2].first == "d");
  CHECK(wire.connection.parameters().settings.size() == 1);
}

TEST_CASE("startup: what cannot be accepted ends the connection") {
  auto fails = [](const std::string& bytes) {
    Wire wire(false);
    std::string out = shape(wire.send(bytes));
    CHECK(wire.last == Step::kClose);
    return out;
  };
  CHECK(fails(int32_bytes(3) + int32_bytes(kProtocolVersion3)) == "E08P01!");
  CHECK(fails(int32_bytes(0x7fffffff)) == "E08P01!");
  CHECK(fails("GET / HTTP/1.1\r\n\r\n") == "E08P01!");
  CHECK(fails(startup(kUser, 2 << 16)) == "E0A000!");
  CHECK(fails(startup("")) == "E28000!");
  CHECK(fails(startup(z("user"))) == "E08P01!");
  CHECK(fails(startup(kUser + z("options") + z("-x"))) == "E42601!");
  CHECK(fails(startup(kUser + z("database") + z("missing"))) == "R E3D000!");
  CHECK(fails(int32_bytes(16) + int32_bytes(kCancelRequestCode) + int32_bytes(1) + int32_bytes(2))
            .empty());
}

TEST_CASE("startup: cancel request, TLS, limits") {
  Wire cancel(false);
  cancel.send(int32_bytes(16) + int32_bytes(kCancelRequestCode) + int32_bytes(5) + int32_bytes(6));
  CHECK(cancel.host.cancelled == std::pair<int32_t, uint32_t>{5, 6});

  Wire tls(false);
  tls.host.tls = true;
  CHECK(tls.send(int32_bytes(8) + int32_bytes(kSslRequestCode)) == "S");
  CHECK(tls.last == Step::kStartTls);

  Wire injected(false);
  injected.host.tls = true;
  CHECK(shape(injected.send(int32_bytes(8) + int32_bytes(kSslRequestCode) + startup(kUser))) ==
        "E08P01!");

  Wire direct(false);
  direct.host.tls = true;
  direct.send("\x16\x03\x01");
  CHECK(direct.last == Step::kStartTls);
  CHECK(direct.connection.take_input().size() == 3);

  Wire full(false);
  full.host.full = true;
  CHECK(shape(full.send(startup(kUser))) == "R E53300!");
}

TEST_CASE("startup: escalates like any other call") {
  Wire wire(false);
  CHECK(shape(wire.send(startup(kUser + z("database") + z("slow")))) == "R S S S S K ZI");
  CHECK(wire.escalations == 1);
}

std::string scram_login(Wire& wire, const std::string& password) {
  std::string out = wire.send(startup(kUser));
  REQUIRE(out.substr(0, 1) == "R");
  std::string first = "n,,n=,r=clientnonce";
  out = wire.send(
      message('p', z("SCRAM-SHA-256") + int32_bytes(static_cast<uint32_t>(first.size())) + first));
  REQUIRE(out.size() > 9);
  std::string server_first = out.substr(9);
  std::string nonce = server_first.substr(2, server_first.find(',') - 2);
  size_t salt_at = server_first.find(",s=") + 3;
  std::string salt =
      *base64_decode(server_first.substr(salt_at, server_first.find(',', salt_at) - salt_at));
  std::string salted = pbkdf2_sha256(password, salt, 4096);
  std::string client_key = hmac_sha256(salted, "Client Key");
  std::string auth = "n=,r=clientnonce," + server_first + ",c=biws,r=" + nonce;
  std::string signature = hmac_sha256(sha256(client_key), auth);
  for (size_t i = 0; i < client_key.size(); ++i)
    client_key[i] = static_cast<char>(client_key[i] ^ signature[i]);
  return wire.send(message('p', "c=biws,r=" + nonce + ",p=" + base64_encode(client_key)));
}

TEST_CASE("authentication: SCRAM accepts the password and treats unknown roles alike") {
  std::string verifier = ScramVerifier::from_password("pw").to_string();
  Wire good(false);
  good.host.method = AuthMethod::kScram;
  good.factory.roles["alice"] = {verifier, false, false};
  CHECK(shape(scram_login(good, "pw")) == "R R S S S S K ZI");

  for (RoleCredentials role :
       {RoleCredentials{verifier, false, true}, RoleCredentials{"", false, false},
        RoleCredentials{"md5abc", false, false}, RoleCredentials{verifier}}) {
    Wire bad(false);
    bad.host.method = AuthMethod::kScram;
    bad.factory.roles["alice"] = role;
    CHECK(shape(scram_login(bad, role.expired ? "pw" : "other")) == "E28P01!");
  }
  Wire unknown(false);
  unknown.host.method = AuthMethod::kScram;
  std::string out = scram_login(unknown, "pw");
  CHECK(shape(out) == "E28P01!");
  CHECK(out.find("password authentication failed for user \"alice\"") != out.npos);
}

TEST_CASE("authentication: cleartext runs on a worker, md5 answers the salt") {
  Wire clear(false);
  clear.host.method = AuthMethod::kPassword;
  clear.factory.roles["alice"] = {ScramVerifier::from_password("pw").to_string(), false, false};
  CHECK(shape(clear.send(startup(kUser))) == "R");
  CHECK(shape(clear.send(message('p', z("pw")))) == "R S S S S K ZI");
  CHECK(clear.escalations == 1);

  Wire md5(false);
  md5.host.method = AuthMethod::kMd5;
  std::string stored = "md5" + md5_hex("pwalice");
  md5.factory.roles["alice"] = {stored, false, false};
  std::string salt = md5.send(startup(kUser)).substr(9);
  REQUIRE(salt.size() == 4);
  CHECK(shape(md5.send(message('p', z("md5" + md5_hex(stored.substr(3) + salt))))) ==
        "R S S S S K ZI");

  Wire impatient(false);
  impatient.host.method = AuthMethod::kScram;
  impatient.send(startup(kUser));
  CHECK(shape(impatient.send(query("rows 1"))) == "E08P01!");
}

TEST_CASE("simple query: results, errors, several statements") {
  Wire wire;
  CHECK(shape(wire.send(query("rows 2"))) == "T D D C(SELECT 2) ZI");
  CHECK(shape(wire.send(query(""))) == "I ZI");
  CHECK(shape(wire.send(query("begin;rows 1"))) == "C(BEGIN) T D C(SELECT 1) ZT");
  // The row begun before the error is taken back.
  CHECK(shape(wire.send(query("rows 1;error;rows 1"))) == "T D C(SELECT 1) E42601 ZE");
  CHECK(shape(wire.send(query("commit") + query("notice"))) == "C(COMMIT) ZI N C(DO) ZI");
  CHECK(shape(wire.send(query("fatal"))) == "E57P01!");
  CHECK(wire.last == Step::kClose);
}

TEST_CASE("simple query: error position counts characters") {
  Wire wire;
  std::string out = wire.send(query("\xc3\xa9\xc3\xa9;error"));
  CHECK(out.find(std::string("P4\0", 3)) != out.npos);
}

TEST_CASE("extended query: an error skips to Sync") {
  Wire wire;
  std::string good = parse_message("", "rows 1") + bind_message("", "") + execute_message("");
  CHECK(shape(wire.send(good + kSync)) == "1 2 D C(SELECT 1) ZI");
  CHECK(shape(wire.send(good + good + message('D', "S" + z("")) + message('C', "P" + z("")) +
                        kSync)) == "1 2 D C(SELECT 1) 1 2 D C(SELECT 1) t n 3 ZI");
  std::string bad = parse_message("", "error") + bind_message("", "") + execute_message("");
  CHECK(shape(wire.send(good + bad + good + query("rows 1") + kSync + good + kSync)) ==
        "1 2 D C(SELECT 1) 1 2 E42601 ZI 1 2 D C(SELECT 1) ZI");
  CHECK(shape(wire.send(bind_message("", "nope") + kSync)) == "E26000 ZI");
  CHECK(shape(wire.send(message('D', "X" + z("")) + kSync)) == "E08P01 ZI");
  CHECK(shape(wire.send(message('B', "junk") + kSync)) == "E08P01 ZI");
  CHECK(wire.factory.last->failures == 4);
}

TEST_CASE("protocol violations") {
  auto fails = [](const std::string& bytes) {
    Wire wire;
    std::string out = shape(wire.send(bytes));
    CHECK(wire.last == Step::kClose);
    return out;
  };
  CHECK(fails(message('z', "")) == "E08P01!");
  CHECK(fails("Q" + int32_bytes(3)) == "E08P01!");
  CHECK(fails("Q" + int32_bytes(0x40000001)) == "E08P01!");
  CHECK(fails("S" + int32_bytes(10001)) == "E08P01!");
  Wire wire;
  CHECK(shape(wire.send(message('Q', "no end") + query("rows 1"))) ==
        "E08P01 ZI T D C(SELECT 1) ZI");
  CHECK(shape(wire.send(query("\xe9 ab"))) == "E22021 ZI");
  CHECK(shape(wire.send(message('F', int32_bytes(1) + int16_bytes(0) + int16_bytes(1) +
                                         int32_bytes(1) + "x" + int16_bytes(0)))) == "V ZI");
  wire.send(message('X', ""));
  CHECK(wire.last == Step::kClose);
}

TEST_CASE("escalation takes back what the inline attempt wrote") {
  Wire wire;
  CHECK(shape(wire.send(query("rows 1;block"))) == "T D C(SELECT 1) C(HALF) C(BLOCK) ZI");
  CHECK(wire.escalations == 1);
  CHECK(shape(wire.send(query("worker rows 1"))) == "T D C(SELECT 1) ZI");
  CHECK(wire.escalations == 2);
}

TEST_CASE("large results leave the event loop and are drained in pieces") {
  Wire wire;
  std::string out = wire.send(query("rows 300000"));
  CHECK(wire.escalations == 1);
  CHECK(wire.gate.drains >= 2);
  size_t rows = 0, at = 0;
  while (at < out.size()) {
    uint32_t length;
    std::memcpy(&length, out.data() + at + 1, 4);
    if (out[at] == 'D') ++rows;
    at += __builtin_bswap32(length) + 1;
  }
  CHECK(rows == 300000);
}

TEST_CASE("COPY FROM STDIN") {
  Wire wire;
  CHECK(shape(wire.send(query("copy;rows 1"))) == "G");
  CHECK(shape(wire.send(message('d', "1\n") + message('H', "") + kSync + message('d', "2\n")))
            .empty());
  CHECK(shape(wire.send(message('c', ""))) == "C(COPY 1) T D C(SELECT 1) ZI");
  CHECK(wire.factory.last->copied == "1\n2\n");
  CHECK(wire.escalations == 3);
  // An error ends the COPY; what the client still sends is dropped.
  CHECK(shape(wire.send(query("copy") + message('d', "bad") + message('d', "x") + message('c', "") +
                        query("rows 1"))) == "G E22P04 ZI T D C(SELECT 1) ZI");
  CHECK(shape(wire.send(query("copy") + message('f', z("why")))) == "G E57014 ZI");

  std::string extended = parse_message("", "copy") + bind_message("", "") + execute_message("");
  CHECK(shape(wire.send(extended + message('d', "1") + message('c', "") + kSync)) ==
        "1 2 G C(COPY 1) ZI");
  CHECK(shape(wire.send(extended + message('d', "bad") + message('c', "") + kSync)) ==
        "1 2 G E22P04 ZI");
  CHECK(shape(wire.send(query("copy") + parse_message("", "x"))) == "G E08P01 E08P01!");
}

TEST_CASE("notifications and orders to end reach idle connections") {
  Wire wire;
  wire.factory.last->notify = true;
  wire.connection.deliver();
  CHECK(shape(wire.connection.output()) == "A");
  wire.connection.output().clear();
  wire.factory.last->interrupt().raise(Interrupt::kCancel);
  CHECK(wire.connection.deliver() == Step::kProcessed);
  CHECK(shape(wire.send(query("rows 1"))) == "T D C(SELECT 1) ZI");
  wire.factory.last->interrupt().raise(Interrupt::kTerminate);
  CHECK(wire.connection.deliver() == Step::kClose);
  CHECK(shape(wire.connection.output()) == "E57P01!");
}

TEST_CASE("UTF-8 validation") {
  CHECK_NOTHROW(
      check_utf8("plain ascii that is longer than a word, \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (std::string_view bad : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                               "\xf4\x90\x80\x80", "\xc3", "12345678\x80", "\xf0\x9f\x98"}) {
    CHECK_THROWS_AS(check_utf8(bad), SqlError);
  }
  CHECK_THROWS_AS(check_utf8(std::string_view("123456\0x", 8)), SqlError);
}

TEST_CASE("hostile input never crashes the state machine") {
  std::string session = startup(kUser + z("options") + z("-c a=b"));
  session += query("rows 3") + parse_message("s", "rows 2") + bind_message("p", "s") +
             message('B', z("") + z("s") + int16_bytes(1) + int16_bytes(0) + int16_bytes(2) +
                              int32_bytes(1) + "x" + int32_bytes(0xffffffff) + int16_bytes(1) +
                              int16_bytes(1)) +
             message('D', "S" + z("s")) + execute_message("p") + message('H', "") + kSync +
             query("copy") + message('d', "1\n") + message('c', "") +
             message('F', int32_bytes(1) + int16_bytes(0) + int16_bytes(1) + int32_bytes(1) + "x" +
                              int16_bytes(0)) +
             query("begin;error") + message('C', "S" + z("s")) + kSync + message('X', "");
  unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const size_t startup_bytes = startup(kUser + z("options") + z("-c a=b")).size();
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = session;
    // Most rounds get past the startup packet.
    const size_t first = round % 4 == 0 ? 0 : startup_bytes;
    for (unsigned i = 0, n = 1 + random() % 6; i < n; ++i) {
      if (bytes.size() <= first) break;
      size_t at = first + random() % (bytes.size() - first);
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + random() % 8);
          break;
        case 2:
          bytes.insert(at, 1 + random() % 8, static_cast<char>(random()));
          break;
        default:
          bytes.resize(at + 1);
          break;
      }
    }
    Wire wire(false);
    if (round % 4 == 0) wire.host.method = AuthMethod::kScram;
    size_t at = 0;
    while (at < bytes.size() && wire.last != Step::kClose) {
      size_t count = std::min(bytes.size() - at, size_t{1} + random() % 200);
      wire.send(bytes.substr(at, count));
      at += count;
    }
  }
}

}  // namespace
}  // namespace luma
