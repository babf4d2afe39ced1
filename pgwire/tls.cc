#include "pgwire/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

constexpr std::string_view kAlpnName = "postgresql";

std::string last_openssl_error() {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

void check_key_permissions(const std::string& key_file) {
  struct stat info;
  if (stat(key_file.c_str(), &info) != 0) {
    throw config_error(
        fmt::format("could not read private key file \"{}\": {}", key_file, std::strerror(errno)));
  }
  // Root's keys are commonly readable for a group of services; everybody else's are for one user.
  mode_t forbidden = info.st_uid == 0 ? (S_IWGRP | S_IXGRP | S_IRWXO) : (S_IRWXG | S_IRWXO);
  if ((info.st_mode & forbidden) != 0) {
    throw config_error(fmt::format(
        "private key file \"{}\" has group or world access; it must be u=rw (0600) or less",
        key_file));
  }
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_length,
                const unsigned char* offered, unsigned int offered_length, void*) {
  for (unsigned int at = 0; at < offered_length;) {
    unsigned char length = offered[at];
    std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, length);
    if (at + 1 + length <= offered_length && name == kAlpnName) {
      *out = offered + at + 1;
      *out_length = length;
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1u + length;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string end_point_hash(X509* certificate) {
  int digest_nid = NID_undef;
  X509_get_signature_info(certificate, &digest_nid, nullptr, nullptr, nullptr);
  if (digest_nid == NID_undef || digest_nid == NID_md5 || digest_nid == NID_sha1)
    digest_nid = NID_sha256;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest(certificate, EVP_get_digestbynid(digest_nid), hash, &length) != 1) return {};
  return {reinterpret_cast<char*>(hash), length};
}

}  // namespace

struct TlsContext::State {
  SSL_CTX* context = nullptr;
  ~State() { SSL_CTX_free(context); }
};

TlsContext::TlsContext() : state_(std::make_unique<State>()) {}
TlsContext::~TlsContext() = default;

std::shared_ptr<TlsContext> TlsContext::load(const std::string& certificate_file,
                                             const std::string& key_file) {
  check_key_permissions(key_file);
  std::shared_ptr<TlsContext> made(new TlsContext);  // the constructor is private
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  made->state_->context = context;
  if (context == nullptr) throw config_error("could not start TLS: " + last_openssl_error());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections give their record buffers back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    throw config_error(fmt::format("could not load server certificate file \"{}\": {}",
                                   certificate_file, last_openssl_error()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw config_error(
        fmt::format("could not load private key file \"{}\": {}", key_file, last_openssl_error()));
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    throw config_error(
        fmt::format("private key file \"{}\" does not belong to certificate file \"{}\"", key_file,
                    certificate_file));
  }
  made->certificate_hash_ = end_point_hash(SSL_CTX_get0_certificate(context));
  return made;
}

struct TlsStream::State {
  SSL* ssl = nullptr;
  BIO* incoming = nullptr;  // owned by ssl
  BIO* outgoing = nullptr;  // owned by ssl
  ~State() { SSL_free(ssl); }
};

TlsStream::TlsStream(std::shared_ptr<TlsContext> context)
    : state_(std::make_unique<State>()), context_(std::move(context)) {
  state_->ssl = SSL_new(context_->state_->context);
  if (state_->ssl == nullptr) throw std::bad_alloc();
  state_->incoming = BIO_new(BIO_s_mem());
  state_->outgoing = BIO_new(BIO_s_mem());
  SSL_set_bio(state_->ssl, state_->incoming, state_->outgoing);
  SSL_set_accept_state(state_->ssl);
}

TlsStream::~TlsStream() = default;

void TlsStream::take_output(std::string& wire) {
  size_t pending = BIO_ctrl_pending(state_->outgoing);
  if (pending == 0) return;
  size_t at = wire.size();
  wire.resize(at + pending);
  BIO_read(state_->outgoing, wire.data() + at, static_cast<int>(pending));
}

bool TlsStream::receive(std::string_view ciphertext, std::string& plain, std::string& wire) {
  ERR_clear_error();
  if (!ciphertext.empty())
    BIO_write(state_->incoming, ciphertext.data(), static_cast<int>(ciphertext.size()));
  bool healthy = true;
  for (;;) {
    char chunk[16384];
    int count = SSL_read(state_->ssl, chunk, sizeof chunk);
    if (count > 0) {
      plain.append(chunk, static_cast<size_t>(count));
      continue;
    }
    healthy = SSL_get_error(state_->ssl, count) == SSL_ERROR_WANT_READ;
    break;
  }
  take_output(wire);
  return healthy;
}

bool TlsStream::send(std::string_view plain, std::string& wire) {
  ERR_clear_error();
  while (!plain.empty()) {
    size_t written = 0;
    if (SSL_write_ex(state_->ssl, plain.data(), plain.size(), &written) != 1) return false;
    plain.remove_prefix(written);
  }
  take_output(wire);
  return true;
}

void TlsStream::close(std::string& wire) {
  if (!established()) return;
  ERR_clear_error();
  SSL_shutdown(state_->ssl);
  take_output(wire);
}

bool TlsStream::established() const { return SSL_is_init_finished(state_->ssl) == 1; }
std::string TlsStream::version() const { return SSL_get_version(state_->ssl); }
std::string TlsStream::cipher() const { return SSL_get_cipher_name(state_->ssl); }
int TlsStream::bits() const { return SSL_get_cipher_bits(state_->ssl, nullptr); }

bool TlsStream::alpn_is_postgresql() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(state_->ssl, &name, &length);
  return std::string_view(reinterpret_cast<const char*>(name), length) == kAlpnName;
}

}  // namespace luma
