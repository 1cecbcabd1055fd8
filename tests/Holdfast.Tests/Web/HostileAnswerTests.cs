using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Web;

/// <summary>Whoever answers on a port may answer anything: with no end, in any depth, in broken JSON, or under any certificate.</summary>
public sealed class HostileAnswerTests
{
    /// <summary>MiB that the kernel may hold of what was sent and not taken, as it is set up (tcp(7)), and a few that the reader holds.</summary>
    private static readonly long _inBuffers = 4 + new[] { "rmem", "wmem" }.Sum(LargestBuffer);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Content-Length: 9000000000", false)]
    [InlineData("Content-Length: 9000000000", true)]
    [InlineData("Transfer-Encoding: chunked", false)]
    [InlineData("Transfer-Encoding: chunked", true)]
    [InlineData("Connection: close", false)]
    [InlineData("Connection: close", true)]
    public async Task An_answer_without_an_end_is_cut_off(string header, bool byChannel)
    {
        var sent = 0;
        await using var server = Answering.Begin(async stream =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{header}\r\n\r\n"), Cancellation);
            var block = new byte[1 << 20];
            block.AsSpan().Fill((byte)' ');
            var (begin, end) = header.Contains("chunked", StringComparison.Ordinal) ? (Encoding.ASCII.GetBytes("100000\r\n"), Encoding.ASCII.GetBytes("\r\n")) : ([], []);
            while (true)
            {
                await stream.WriteAsync(begin, Cancellation);
                await stream.WriteAsync(block, Cancellation);
                await stream.WriteAsync(end, Cancellation);
                Interlocked.Increment(ref sent);
            }
        });
        var problem = await ProblemOfAsync(server.Url, byChannel);
        Assert.Equal(Catalogue.WebAnswer.Code, problem.Code);
        Assert.Contains(byChannel ? "more than 64 MiB" : "more than 16 MiB", problem.Message, StringComparison.Ordinal);
        // What is not taken can't be held; the kernel's buffers take some MiB more. Memory itself is shared with the tests beside this one.
        Assert.InRange(Volatile.Read(ref sent), 0L, (byChannel ? 64 : 16) + _inBuffers);
    }

    /// <summary>Patience is for what comes before an answer: the answer itself may not take so long.</summary>
    [Theory]
    [InlineData(false, 10)]
    [InlineData(false, 6 * 60)]
    [InlineData(true, 5)]
    public async Task An_answer_that_comes_byte_by_byte_is_given_up(bool byChannel, int patience)
    {
        var clock = new ManualClock();
        await using var server = Answering.Begin(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n"u8.ToArray(), Cancellation);
            // The kernel takes more than the reader has seen.
            await Eventually.HoldsAsync("the answer has begun", () => byChannel || clock.Next <= TimeSpan.FromMinutes(2));
            for (var sent = 0; sent < 9_000_000; sent++)
            {
                await stream.WriteAsync(" "u8.ToArray(), Cancellation);
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        });
        var web = new WebServer(new WebSettings(server.Url), new FixedSecret(""), clock);
        using var channel = await web.OpenChannelAsync(clock, Cancellation);
        var problem = (await Assert.ThrowsAsync<ProblemException>(async () =>
        {
            if (byChannel) await channel.PostAsync("/", "{}"u8.ToArray(), "application/json", Cancellation);
            else using (await web.SendAsync(HttpMethod.Get, "/", null, TimeSpan.FromMinutes(patience), Cancellation)) { }
        })).Problem;
        Assert.Equal(Catalogue.WebUnreachable.Code, problem.Code);
        Assert.Contains($"did not answer within {(byChannel ? patience : 2)} minutes", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", 10_000, "")]
    [InlineData("{\"a\":", 10_000, "1")]
    [InlineData("[[],[],[],[],[],[],[],[],", 100_000, "1")]
    [InlineData("{\"a\":1,\"a\":", 1, "2}")]
    [InlineData("\"", 1, "")]
    [InlineData("", 1, "")]
    [InlineData("{} x", 1, "")]
    [InlineData("[\"\\ud800\"]", 1, "")]
    public async Task What_is_too_deep_or_too_much_or_not_JSON_is_refused(string begin, int times, string end)
    {
        var text = string.Concat(Enumerable.Repeat(begin, times)) + end;
        await using var server = Answering.Begin(Text(text.StartsWith("[[", StringComparison.Ordinal) ? $"[{text}]" : text));
        var problem = await ProblemOfAsync(server.Url, byChannel: false);
        Assert.Equal((Catalogue.WebAnswer.Code, true), (problem.Code, problem.Message.Contains("is not valid JSON", StringComparison.Ordinal)));
    }

    /// <summary>A second's worth; with HOLDFAST_LONG=1 ten minutes' worth.</summary>
    [Fact]
    public void Mutated_answers_are_read_or_refused_and_never_anything_else()
    {
        var seed = Environment.GetEnvironmentVariable("HOLDFAST_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : 20261128;
        var random = new Random(seed);
        var rounds = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 20_000_000 : 20_000;
        var sample = """{"snapshots":[{"snapshot":"s-1","state":"SUCCESS","indices":["a","ü"],"start_time_in_millis":1795886518583,"metadata":{"k":null,"t":true}}],"took":-1.5e3}"""u8.ToArray();
        for (var round = 0; round < rounds; round++)
        {
            var bytes = Mutate(sample, random);
            try
            {
                using var document = BoundedJson.Parse(bytes);
                _ = document.RootElement.GetRawText();
            }
            catch (JsonException)
            {
                // That is how it is refused.
            }
            catch (Exception fault)
            {
                Assert.Fail($"Seed {seed}, round {round}, {Convert.ToHexString(bytes)}: {fault}");
            }
        }
    }

    [Theory]
    [InlineData("good", true, null)]
    [InlineData("by the issuing authority alone", true, null)]
    [InlineData("expired", true, "has expired on 2020-")]
    [InlineData("of another name", true, "is for 'elsewhere', not for 'localhost'")]
    [InlineData("of another authority", true, "which is not among those of")]
    [InlineData("good", false, "which is not among the authorities of the system")]
    [InlineData("plain", true, "does not answer in TLS")]
    public async Task A_certificate_that_is_not_trusted_is_refused_with_its_cause(string sort, bool hasAuthority, string? cause)
    {
        using var folder = new TempFolder();
        using var authority = Authority(null, "CN=Root");
        using var issuing = Authority(authority, "CN=Issuing");
        using var other = Authority(null, "CN=Other");
        using var certificate = Leaf(sort.EndsWith("alone", StringComparison.Ordinal) ? issuing : sort == "of another authority" ? other : authority, sort == "of another name" ? "elsewhere" : "localhost", sort == "expired");
        File.WriteAllText(folder["ca.pem"], (sort.EndsWith("alone", StringComparison.Ordinal) ? issuing : authority).ExportCertificatePem());
        await using var server = Answering.Begin(Text("{}"), sort == "plain" ? null : certificate);
        var url = server.Url.Replace("http://127.0.0.1", "https://localhost", StringComparison.Ordinal);
        var settings = new WebSettings(url) { Authorities = hasAuthority ? folder["ca.pem"] : null };
        if (cause is null)
        {
            using var answer = await new WebServer(settings, new FixedSecret("")).GetAsync("/", Cancellation);
            return;
        }
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => new WebServer(settings, new FixedSecret("")).GetAsync("/", Cancellation))).Problem;
        Assert.Equal(Catalogue.WebTls.Code, problem.Code);
        Assert.Contains(cause, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api-key: { env: X }", "id:secret", "ApiKey aWQ6c2VjcmV0")]
    [InlineData("api-key: { env: X }", "aWQ6c2VjcmV0", "ApiKey aWQ6c2VjcmV0")]
    [InlineData("token: { env: X }", "t", "Bearer t")]
    public async Task Who_we_are_is_said_as_the_profile_says(string key, string secret, string header)
    {
        string? seen = null;
        await using var server = Answering.Begin(Text("{}"), null, request => seen = request);
        var profile = ProfileReader.Parse($$"""{ platform: x, components: { search: [ { name: main, url: "{{server.Url}}", {{key}} } ] } }""", "/etc/holdfast/profile.yaml");
        using var answer = await new WebServer(WebSettings.Read(profile.Root["components"]["search"].Items[0]), new FixedSecret(secret)).GetAsync("/", Cancellation);
        Assert.Contains($"Authorization: {header}\r\n", seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("504 Gateway Time-out", "HF-WEB-UNREACHABLE", "time limit of the proxy")]
    [InlineData("502 Bad Gateway", "HF-WEB-UNREACHABLE", "time limit of the proxy")]
    [InlineData("413 Request Entity Too Large", "HF-WEB-ANSWER", "limit of the proxy")]
    public async Task What_a_proxy_answers_leads_to_the_proxy(string status, string code, string hint)
    {
        await using var server = Answering.Begin(async stream => await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"), Cancellation));
        var problem = await ProblemOfAsync(server.Url, byChannel: false);
        Assert.Equal(code, problem.Code);
        Assert.Contains(hint, problem.Hint, StringComparison.Ordinal);
    }

    private static Func<Stream, Task> Text(string body) => async stream => await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"), Cancellation);

    private static async Task<Problem> ProblemOfAsync(string url, bool byChannel)
    {
        var server = new WebServer(new WebSettings(url), new FixedSecret(""));
        if (!byChannel) return (await Assert.ThrowsAsync<ProblemException>(() => server.GetAsync("/", Cancellation))).Problem;
        using var channel = await server.OpenChannelAsync(TimeProvider.System, Cancellation);
        return (await Assert.ThrowsAsync<ProblemException>(() => channel.PostAsync("/", "{}"u8.ToArray(), "application/json", Cancellation))).Problem;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        var bytes = sample.ToList();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveAt(at); break;
                case 2: bytes.Insert(at, "{}[]\",:\\0u"u8[random.Next(10)]); break;
                default: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(40), bytes.Count - at))); break;
            }
        }
        return [.. bytes];
    }

    private static X509Certificate2 Authority(X509Certificate2? issuer, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return issuer is null ? request.CreateSelfSigned(From, To) : request.Create(issuer, From, To, [1, 2, 3]).CopyWithPrivateKey(key);
    }

    private static X509Certificate2 Leaf(X509Certificate2 issuer, string name, bool isExpired)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(issuer, From, isExpired ? new DateTimeOffset(2020, 5, 5, 0, 0, 0, TimeSpan.Zero) : To, [4, 5, 6]).CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), null);
    }

    private static long LargestBuffer(string kind) =>
        long.Parse(File.ReadAllText($"/proc/sys/net/ipv4/tcp_{kind}").Split('\t')[2], CultureInfo.InvariantCulture) >> 20;

    private static DateTimeOffset From => new(2019, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static DateTimeOffset To => new(2049, 1, 1, 0, 0, 0, TimeSpan.Zero);
}
