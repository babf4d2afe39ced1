#include "pgwire/scram.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "pgwire/crypto.h"

namespace luma {
namespace {

constexpr const char* kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

// The example of RFC 7677, section 3.
ScramVerifier rfc_verifier() {
  return ScramVerifier::from_password("pencil", *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="));
}

TEST_CASE("SCRAM: the example of RFC 7677") {
  ScramServer server(rfc_verifier(), false, "", kServerNonce);
  CHECK(server.first("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO") ==
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  auto answer = server.final(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  REQUIRE(answer);
  CHECK(*answer == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("SCRAM: a doomed exchange fails even with the right proof") {
  ScramServer server(rfc_verifier(), true, "", kServerNonce);
  server.first("SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  CHECK_FALSE(
      server.final("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                   "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
}

TEST_CASE("SCRAM: channel binding is enforced") {
  ScramServer stripped(rfc_verifier(), false, "hash", kServerNonce);
  CHECK_THROWS_AS(stripped.first("SCRAM-SHA-256", "y,,n=,r=abc"), SqlError);
  ScramServer missing(rfc_verifier(), false, "hash", kServerNonce);
  CHECK_THROWS_AS(missing.first("SCRAM-SHA-256-PLUS", "n,,n=,r=abc"), SqlError);
  ScramServer wrong(rfc_verifier(), false, "hash", kServerNonce);
  wrong.first("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc");
  std::string other = base64_encode("p=tls-server-end-point,,HASH");
  CHECK_THROWS_AS(wrong.final("c=" + other + ",r=abc" + kServerNonce +
                              ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                  SqlError);
}

TEST_CASE("SCRAM: malformed messages are refused") {
  for (const char* message : {"", "n", "n,", "n,,", "n,,n=", "n,,n=,r=", "x,,n=,r=a",
                              "n,a=z,n=,r=a", "n,,m=1,n=,r=a", "n,,r=a", "n,,n=,r=a\x01"}) {
    ScramServer server(rfc_verifier(), false, "", kServerNonce);
    INFO(message);
    CHECK_THROWS_AS(server.first("SCRAM-SHA-256", message), SqlError);
  }
  for (const char* message :
       {"", "c=biws", "c=biws,r=a", "c=biws,r=abc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "c=biws,r=abc%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AAAA", "c=eSws,r=x,p=AAAA"}) {
    ScramServer server(rfc_verifier(), false, "", kServerNonce);
    server.first("SCRAM-SHA-256", "n,,n=,r=abc");
    INFO(message);
    CHECK_THROWS_AS(server.final(message), SqlError);
  }
}

TEST_CASE("SCRAM verifiers: PostgreSQL's stored format") {
  ScramVerifier verifier = rfc_verifier();
  CHECK(verifier.to_string() ==
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  auto parsed = ScramVerifier::parse(verifier.to_string());
  REQUIRE(parsed);
  CHECK(parsed->matches_password("pencil"));
  CHECK_FALSE(parsed->matches_password("Pencil"));
  for (const char* text : {"", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$x:y$z:w",
                           "SCRAM-SHA-256$0:AAAA$AAAA:AAAA", "SCRAM-SHA-256$4096$a:b"}) {
    CHECK_FALSE(ScramVerifier::parse(text));
  }
  CHECK(ScramVerifier::mock("a", "s").salt == ScramVerifier::mock("a", "s").salt);
  CHECK(ScramVerifier::mock("a", "s").salt != ScramVerifier::mock("b", "s").salt);
}

}  // namespace
}  // namespace luma
