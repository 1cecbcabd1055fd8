using Holdfast.Components.Files;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

/// <summary>Configurations as distributions and administrators lay them out: behind links, several folders deep.</summary>
public sealed class LinkedConfigurationTests : IDisposable
{
    private static readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, string> Layouts => new()
    {
        // What is selected; what links to what; what is written where the link leads.
        { "etc/nginx", "etc/nginx/sites-enabled/a -> etc/nginx/sites-available/a", "SERVER" },
        { "etc/nginx/nginx.conf", "etc/nginx/sites-enabled/a -> etc/nginx/sites-available/a", "SERVER" },
        { "etc/nginx", "etc/nginx/sites-enabled/a -> opt/hosts/a", "SERVER" },
        { "etc", "etc/nginx/sites-enabled/a -> etc/nginx/sites-available/a", "SERVER" },
        { "etc/nginx", "etc/nginx/sites-enabled -> etc/nginx/sites-available", "SERVER" },
        { "etc/nginx/sites-enabled", "etc/nginx/sites-enabled/a -> etc/nginx/sites-available/a", "SERVER" },
        { "etc/nginx/other", "etc/nginx/other/nginx.conf -> opt/nginx.conf", "SERVER" },
        { "etc/nginx/other/nginx.conf", "etc/nginx/other/nginx.conf -> opt/nginx.conf", "SERVER" },
        { "etc/nginx/conf.d", "etc/nginx/conf.d/x.conf -> opt/x.conf", "SERVER" },
        { "etc/kibana", "etc/kibana/kibana.yml -> opt/kibana.yml", "server.ssl.certificate: CERT\nserver.ssl.key: KEY\n" },
        { "etc/postgresql", "etc/postgresql/15/main/tls.conf -> opt/tls.conf", "ssl_cert_file = 'CERT'\nssl_key_file = 'KEY'\n" },
        { "etc/logstash", "etc/logstash/conf.d/a.conf -> opt/a.conf", "input { beats { ssl_certificate => \"CERT\" ssl_key => \"KEY\" } }" },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Its_certificate_and_key_are_captured_and_the_end_of_it_is_told(string selected, string link, string text)
    {
        using var made = TestCertificate.EllipticCurve("platform", _now.AddDays(10));
        var (certificate, key) = (_folder.Write("tls/c.pem", made.Pem), _folder.Write("tls/k.pem", made.KeyPem));
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        _folder.Write("etc/nginx/nginx.conf", "http { include sites-enabled/*; include conf.d/*.conf; }");
        if (selected is "etc/postgresql") _folder.Write("etc/postgresql/15/main/postgresql.conf", "ssl = on\ninclude 'tls.conf'\n");
        text = text.Replace("SERVER", "server { listen 443 ssl; ssl_certificate CERT; ssl_certificate_key KEY; }", StringComparison.Ordinal)
            .Replace("CERT", certificate, StringComparison.Ordinal).Replace("KEY", key, StringComparison.Ordinal);
        var (from, to) = (link.Split(" -> ")[0], link.Split(" -> ")[1]);
        var isFolder = Path.GetFileName(to) is "sites-available";
        _folder.Write(isFolder ? $"{to}/a" : to, text);
        _folder.Folder(Path.GetDirectoryName(from)!);
        File.CreateSymbolicLink(_folder[from], _folder[to]);

        var survey = Survey(selected);
        Assert.Equal([certificate, key], survey.Certificates.Select(file => file.Path), StringComparer.Ordinal);
        Each.Holds([certificate, key], path => Assert.Contains(path, survey.Tops, StringComparer.Ordinal));
        // Of a selected folder, what its links lead to is captured as well; of a selected file, what it includes is only read.
        if (Directory.Exists(_folder[selected]) && !isFolder)
            Assert.Contains(survey.Tops, top => _folder[to] == top || _folder[to].StartsWith(top + "/", StringComparison.Ordinal));
        Assert.Equal([Catalogue.CertificateExpiring.Code], survey.Problems.Select(problem => problem.Code), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("etc/nginx", "etc/nginx/sites-available/a.conf", "ssl_certificate CERT;")]
    [InlineData("etc", "etc/nginx/conf.d/a.conf", "ssl_certificate CERT;")]
    [InlineData("etc", "etc/postgresql/15/main/postgresql.conf", "ssl = on\nssl_cert_file = 'CERT'\nssl_key_file='CERT'")]
    [InlineData("etc", "etc/elasticsearch/elasticsearch.yml", "xpack.security.http.ssl.certificate: CERT\n")]
    [InlineData("etc/nginx/sites-enabled", "etc/nginx/sites-enabled/vhost", "ssl_certificate CERT;")]
    public void A_configuration_deep_in_a_selected_folder_is_found(string selected, string configuration, string text)
    {
        using var made = TestCertificate.EllipticCurve("platform", _now.AddDays(90));
        var certificate = _folder.Write("tls/c.pem", made.Pem + made.KeyPem);
        File.SetUnixFileMode(certificate, UnixFileMode.UserRead);
        _folder.Write(configuration, text.Replace("CERT", certificate, StringComparison.Ordinal));
        var survey = Survey(selected);
        Assert.Equal([certificate], survey.Certificates.Select(file => file.Path), StringComparer.Ordinal);
        Assert.Contains(_folder[configuration], survey.Configurations, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("truncate -s 0 \"$1\"")]
    [InlineData("truncate -s 5M \"$1\"")]
    [InlineData("mkfifo \"$1\"")]
    [InlineData("ln -s nowhere \"$1\"")]
    [InlineData("ln -s /proc/kmsg \"$1\"", false)]
    [InlineData("printf 'x: &a [ *a ]' > \"$1\"")]
    [InlineData("printf 'x: 1\\nx: 2\\n' > \"$1\"")]
    public async Task A_configuration_that_can_not_be_read_is_told(string make, bool isTold = true)
    {
        _folder.Folder("kibana");
        (await Command.BashAsync(make, _folder["kibana/kibana.yml"])).Succeeded();
        var problems = Survey("kibana").Problems.ToList();
        Assert.Equal(isTold ? [Catalogue.CertificateUnreadable.Code] : [], problems.Select(problem => problem.Code), StringComparer.Ordinal);
        foreach (var problem in problems) Assert.Contains(_folder["kibana/kibana.yml"], problem.Message);
    }

    [Fact]
    public void Includes_deeper_than_anybody_writes_them_end_and_are_told()
    {
        for (var i = 0; i < 500; i++) _folder.Write($"nginx/{i}.conf", $"include {i + 1}.conf;");
        _folder.Write("nginx/nginx.conf", "include 0.conf;");
        Assert.NotEmpty(Survey("nginx/nginx.conf").Problems);
    }

    private FilesSurvey Survey(string selected) =>
        new FilesSurvey(new FilesSettings { Groups = [new FileGroup("All", [new FileEntry(_folder[selected])])] }, _now).Walk(TestContext.Current.CancellationToken);
}
