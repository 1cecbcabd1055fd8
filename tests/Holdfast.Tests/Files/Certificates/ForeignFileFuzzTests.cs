using System.Text;
using CsCheck;
using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>Every parser of files that others write, with files that were bent: it ends, and throws nothing.</summary>
public sealed class ForeignFileFuzzTests : IDisposable
{
    private static readonly string[] _texts =
    [
        "server.ssl: { key: a.key, certificate: [a, b] }\nx: &a [1, 2]\ny: *a\nz: |\n  text\n? k\n: v\n",
        "http { server { listen 443 ssl; ssl_certificate \"a b.pem\"; ssl_certificate_key ${x}/k; # c\n } include *.inc; }",
        "smtpd_tls_cert_file = $a,\n  ${b}\na = $(c)\nsmtpd_tls_chain_files =\n /x.pem /y.pem\n",
        "input { beats { ssl_certificate => \"/a\" ssl_certificate_authorities => [\"/b\", '/c'] } } # x\n",
        "ssl = on\nssl_cert_file = 'it''s'\ninclude_dir 'x'\nprimary_conninfo = 'sslcert=/a sslkey=''b'''\n",
        "tls-cert-file \"/a b.pem\"\ninclude /etc/redis/*.conf\naclfile x # c\n",
        "Define home /srv\nServerRoot \"/etc/httpd\"\nInclude conf.d/*.conf\nSSLCertificateFile ${home}/a\\\n.pem\n",
        "global\n crt-base /etc/ssl\nfrontend f\n bind :443 ssl crt a.pem crt-list /l ca-file @system-ca\n",
        "ssl_cert = </a.pem\nlocal_name x {\n ssl_key=< b\n}\n!include conf.d/*.conf\n",
        "dbms.ssl.policy.bolt.enabled=true\ndbms.ssl.policy.bolt.base_directory=x\ndbms.directories.certificates=c\n",
    ];

    private static readonly (INamesCertificates Program, string Name)[] _programs =
    [
        (new YamlConfiguration("search", "elasticsearch.yml"), "elasticsearch.yml"),
        (new LogstashConfiguration(), "pipelines.yml"),
        (new LogstashConfiguration(), "logstash.conf"),
        (new NginxConfiguration(), "nginx.conf"),
        (new PostgresConfiguration(), "postgresql.conf"),
        (new PostfixConfiguration(), "main.cf"),
        (new Neo4jConfiguration(), "neo4j.conf"),
        (new RedisConfiguration(), "redis.conf"),
        (new ApacheConfiguration(), "httpd.conf"),
        (new HaproxyConfiguration(), "haproxy.cfg"),
        (new DovecotConfiguration(), "dovecot.conf"),
    ];

    // Some of each in a run of every day; ten minutes' worth where HOLDFAST_LONG asks for it.
    private static readonly int _seconds = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 600 : -1;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_configuration_ends_its_reader() => Sample(200, _texts.Select(Encoding.UTF8.GetBytes), bytes =>
    {
        foreach (var (program, name) in _programs)
        {
            File.WriteAllBytes(_folder[name], bytes);
            _ = program.Read(_folder[name], new ConfigurationReader()).Count();
        }
    });

    [Fact]
    public void No_text_ends_the_reader_of_YAML() =>
        Sample(5000, _texts.Select(Encoding.UTF8.GetBytes), bytes => _ = FlatYaml.Read(Encoding.UTF8.GetString(bytes)).Settings.Count);

    [Fact]
    public void No_bytes_end_the_readers_of_certificates_and_keys()
    {
        using var made = TestCertificate.EllipticCurve("platform", DateTimeOffset.UtcNow.AddDays(9));
        byte[][] files = [Encoding.ASCII.GetBytes(made.Pem + made.KeyPem), made.Certificate.RawData, Encoding.ASCII.GetBytes(made.TraditionalKeyPem), made.KeyDer];
        Sample(1000, files, bytes => _ = CertificateParser.Parse(bytes).Format);
    }

    private static void Sample(int times, IEnumerable<byte[]> seeds, Action<byte[]> reads) =>
        Bent(seeds).Sample(reads, iter: _seconds > 0 ? -1 : times, time: _seconds, threads: 1);

    /// <summary>A file with some bytes exchanged, cut out, doubled, or put in from another one.</summary>
    private static Gen<byte[]> Bent(IEnumerable<byte[]> seeds)
    {
        var all = seeds.ToArray();
        var change = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 100_000], Gen.Int[1, 40], Gen.Byte);
        return Gen.Select(Gen.Int[0, all.Length - 1], change.Array[1, 6], (seed, changes) => changes.Aggregate(all[seed], (bytes, next) => Bend(bytes, next, all)));
    }

    private static byte[] Bend(byte[] bytes, (int Kind, int At, int Length, byte Value) change, byte[][] all)
    {
        var at = bytes.Length == 0 ? 0 : change.At % bytes.Length;
        var end = Math.Min(bytes.Length, at + change.Length);
        var other = all[change.At % all.Length];
        return change.Kind switch
        {
            0 => [.. bytes[..at], change.Value, .. bytes[Math.Min(bytes.Length, at + 1)..]],
            1 => [.. bytes[..at], .. bytes[end..]],
            2 => [.. bytes[..end], .. bytes[at..]],
            3 => [.. bytes[..at], .. Enumerable.Repeat("[{\"'\n\t&*$\\-#:;"u8[change.Value % 14], change.Length), .. bytes[at..]],
            _ => [.. bytes[..at], .. other[..Math.Min(other.Length, change.Length)], .. bytes[at..]],
        };
    }
}
