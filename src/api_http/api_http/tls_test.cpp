#include "api_http/tls.hpp"

#include <boost/asio/ssl.hpp>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "api_http/test_server.hpp"
#include "os/file.hpp"

namespace berth::api_http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;

std::string pem(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(write(memory.get()), 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// A certificate for nobody, signed by itself.
void write_certificate(const std::filesystem::path& directory) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  ASSERT_TRUE(os::durable_write(directory / "cert.pem", pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); })));
  ASSERT_TRUE(os::durable_write(directory / "key.pem", pem([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  })));
}

class TlsTest : public ServerTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(directory);
    write_certificate(directory);
    start({.certificate = directory / "cert.pem", .key = directory / "key.pem"});
  }
  void TearDown() override {
    ServerTest::TearDown();
    std::filesystem::remove_all(directory);
  }
  using Stream = ssl::stream<tcp::socket>;
  std::unique_ptr<Stream> connect(ssl::context& context) {
    auto stream = std::make_unique<Stream>(io, context);
    stream->next_layer().connect({boost::asio::ip::address_v4::loopback(), server->port()});
    return stream;
  }

  boost::asio::io_context io;
  std::filesystem::path directory = std::filesystem::temp_directory_path() / ("berth-tls-" + std::to_string(::getpid()));
};

TEST_F(TlsTest, RequestsAndLargeAnswersComeThrough) {
  const std::string large(5'000'000, 'x');
  control.expect([&](const auto&, const auto&) -> Result<control::Outcome> { return control::FileData{large, true}; });
  ssl::context context(ssl::context::tls_client);
  const auto stream = connect(context);
  stream->handshake(ssl::stream_base::client);
  const std::string text = request("GET", "/v1/sandboxes/x/files?path=/f", {}, "Connection: close\r\nOrigin: https://localhost\r\n");
  boost::asio::write(*stream, boost::asio::buffer(text));
  std::string answer;
  boost::system::error_code error;
  boost::asio::read(*stream, boost::asio::dynamic_buffer(answer), error);
  EXPECT_EQ(error, boost::asio::error::eof);  // a proper goodbye, not a cut
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(answer.ends_with(large));
}

TEST_F(TlsTest, PlainAndOldClientsAreRefusedAndNothingStays) {
  const tcp::socket reactor(io, tcp::v4());  // its descriptors are there from now on
  const std::size_t before = open_descriptors();
  {
    Client plain(server->port());
    plain.send(request("GET", "/healthz"));
    EXPECT_TRUE(plain.closed());
    ssl::context old(ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(old.native_handle(), TLS1_1_VERSION);
    const auto stream = connect(old);
    boost::system::error_code error;
    stream->handshake(ssl::stream_base::client, error);
    EXPECT_TRUE(error);
    for (int i = 0; i < 50; ++i) Client(server->port()).reset();
  }
  EXPECT_TRUE(eventually([&] { return server->connections() == 0; })) << server->connections();
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; })) << before << " before, now " << open_descriptors();
}

TEST_F(TlsTest, StoppingSaysGoodbyeToIdleConnections) {
  ssl::context context(ssl::context::tls_client);
  const auto stream = connect(context);
  stream->handshake(ssl::stream_base::client);
  boost::asio::write(*stream, boost::asio::buffer(request("GET", "/healthz")));
  std::string answer;
  boost::asio::read_until(*stream, boost::asio::dynamic_buffer(answer), "ok\n");
  auto stopped = stopping(std::chrono::milliseconds{2'000});
  boost::system::error_code error;
  boost::asio::read(*stream, boost::asio::dynamic_buffer(answer), error);
  EXPECT_EQ(error, boost::asio::error::eof);
  stream->next_layer().close();
  stopped.get();
}

}  // namespace
}  // namespace berth::api_http
