#pragma once
// TLS between bytes and bytes: no sockets here. OpenSSL stays behind this header.
#include <memory>
#include <string>
#include <string_view>

namespace luma {

// Certificate and key. Immutable, shared by all connections (of all threads).
class TlsContext {
 public:
  // Throws SqlError F0000 with one sentence naming the file when something is wrong with it.
  static std::shared_ptr<TlsContext> load(const std::string& certificate_file,
                                          const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // tls-server-end-point of RFC 5929.
  const std::string& certificate_hash() const { return certificate_hash_; }

 private:
  friend class TlsStream;
  struct State;
  TlsContext();
  std::unique_ptr<State> state_;
  std::string certificate_hash_;
};

// The server's end of one connection. One thread at a time.
class TlsStream {
 public:
  explicit TlsStream(std::shared_ptr<TlsContext> context);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Takes ciphertext; appends plaintext to `plain` and what TLS itself has to say to `wire`. False:
  // the stream is broken or the peer has closed it; send `wire` and close.
  bool receive(std::string_view ciphertext, std::string& plain, std::string& wire);
  // Appends the ciphertext of `plain` to `wire`. Only after the handshake. False: broken.
  bool send(std::string_view plain, std::string& wire);
  void close(std::string& wire);

  bool established() const;
  std::string version() const;
  std::string cipher() const;
  int bits() const;
  bool alpn_is_postgresql() const;

 private:
  void take_output(std::string& wire);
  struct State;
  std::unique_ptr<State> state_;
  std::shared_ptr<TlsContext> context_;  // shared: outlives a reload of the certificate
};

}  // namespace luma
