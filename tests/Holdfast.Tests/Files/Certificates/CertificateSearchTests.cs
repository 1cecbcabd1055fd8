using Holdfast.Components.Files;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class CertificateSearchTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 11, 22, 21, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_certificate_that_is_fine_is_captured_with_its_key_and_nothing_is_said()
    {
        WritePair("platform", _now.AddDays(90));
        var survey = Survey();
        Assert.Empty(survey.Problems);
        Assert.Equal([_folder["nginx/nginx.conf"], _folder["tls/platform.key"], _folder["tls/platform.pem"]], survey.Tops);
    }

    [Theory]
    [InlineData(-1, "HF-CERT-EXPIRED", "ended on 2026-11-21")]
    [InlineData(10, "HF-CERT-EXPIRING", "in 10 days")]
    [InlineData(31, null, null)]
    public void The_end_of_a_certificate_is_told_in_time(int days, string? code, string? words)
    {
        WritePair("platform", _now.AddDays(days).AddMinutes(1));
        var problem = Survey().Problems.SingleOrDefault();
        Assert.Equal(code, problem?.Code);
        Assert.Contains(words ?? "", problem?.Message ?? "");
    }

    [Fact]
    public void A_key_that_everybody_can_read_is_told()
    {
        WritePair("platform", _now.AddDays(90));
        File.SetUnixFileMode(_folder["tls/platform.key"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var problem = Assert.Single(Survey().Problems);
        Assert.Equal((Catalogue.CertificateKeyExposed.Code, $"{_folder["tls/platform.key"]} holds a private key, and its mode lets every user read it who can enter the folders above it."), (problem.Code, problem.Message));
        File.WriteAllText(_folder["tls/platform.key"], "a kind of key that nobody knows");
        Assert.Contains(Survey().Problems, told => told.Message.StartsWith($"{_folder["tls/platform.key"]} is named as a private key by {_folder["nginx/nginx.conf"]}, and its mode", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_of_another_certificate_is_told()
    {
        WritePair("platform", _now.AddDays(90));
        using var other = TestCertificate.EllipticCurve("other", _now.AddDays(90));
        WriteKey("platform", other);
        Assert.Equal(Catalogue.CertificateKeyMismatch.Code, Assert.Single(Survey().Problems).Code);
    }

    [Fact]
    public void Broken_and_missing_certificates_are_told_and_the_broken_one_is_captured()
    {
        WritePair("platform", _now.AddDays(90));
        File.Delete(_folder["tls/platform.key"]);
        File.WriteAllText(_folder["tls/platform.pem"], "-----BEGIN CERTIFICATE-----\nAAAA");
        var survey = Survey();
        Assert.Equal([Catalogue.CertificateUnreadable.Code, Catalogue.CertificateUnreadable.Code], survey.Problems.Select(problem => problem.Code), StringComparer.Ordinal);
        Assert.Contains(_folder["tls/platform.pem"], survey.Tops, StringComparer.Ordinal);
        Assert.False(survey.IsIncomplete);
    }

    [Fact]
    public void A_key_that_can_not_be_seen_makes_the_point_incomplete()
    {
        // Root may see everything but what lies behind links in a circle.
        _folder.Folder("tls");
        _folder.Write("nginx/nginx.conf", "ssl_certificate_key ../tls/circle/platform.key;");
        File.CreateSymbolicLink(_folder["tls/circle"], "circle");
        var survey = Survey();
        Assert.Equal([Catalogue.FilesUnreadable.Code], survey.Problems.Select(problem => problem.Code), StringComparer.Ordinal);
        Assert.True(survey.IsIncomplete);
    }

    [Fact]
    public void A_certificate_behind_links_comes_with_them()
    {
        WritePair("archive/7", _now.AddDays(90));
        File.CreateSymbolicLink(_folder["tls/platform.pem"], "archive/7.pem");
        File.CreateSymbolicLink(_folder["tls/platform.key"], "archive/7.key");
        WriteConfiguration("platform");
        Assert.Equal(
            ["nginx/nginx.conf", "tls/archive/7.key", "tls/archive/7.pem", "tls/platform.key", "tls/platform.pem"],
            Survey().Tops.Select(path => Path.GetRelativePath(_folder.Path, path)),
            StringComparer.Ordinal);
    }

    [Fact]
    public void A_store_of_authorities_is_not_judged_one_by_one()
    {
        using var ended = TestCertificate.EllipticCurve("old authority", _now.AddDays(-100));
        var path = _folder.Write("tls/bundle.crt", string.Concat(Enumerable.Repeat(ended.Pem, 21)));
        _folder.Write("nginx/nginx.conf", $"ssl_trusted_certificate {path};");
        var survey = Survey();
        Assert.Empty(survey.Problems);
        Assert.Equal(21, Assert.Single(survey.Certificates).Content?.Certificates.Count);
    }

    [Fact]
    public void A_certificate_is_found_once_however_many_name_it()
    {
        WritePair("platform", _now.AddDays(90));
        _folder.Write("postfix/main.cf", $"smtpd_tls_cert_file = {_folder["tls/platform.pem"]}\nsmtpd_tls_key_file = {_folder["tls/platform.key"]}\n");
        var survey = Survey("nginx/nginx.conf", "postfix/main.cf");
        Assert.Equal([2, 2], survey.Certificates.Select(file => file.NamedBy.Count));
        Assert.Equal(4, survey.Tops.Count);
    }

    [Fact]
    public void A_profile_may_name_configurations_and_may_switch_the_search_off()
    {
        WritePair("platform", _now.AddDays(90));
        var settings = new FilesSettings { Groups = [], Configurations = [("nginx", _folder["nginx/*.conf"])] };
        Assert.Equal(2, new FilesSurvey(settings, _now).Walk(TestContext.Current.CancellationToken).Certificates.Count);
        Assert.Empty(new FilesSurvey(settings with { FindsCertificates = false }, _now).Walk(TestContext.Current.CancellationToken).Certificates);
    }

    [Fact]
    public void The_manifest_tells_facts_and_no_secret()
    {
        WritePair("platform", _now.AddDays(90));
        var details = FilesRecord.Details(Survey()).ToJsonString();
        Assert.Contains("\"subject\":\"CN=tls\"", details);
        Assert.Contains("\"notAfter\":\"2027-02-20T21:00:00Z", details);
        var secret = File.ReadAllLines(_folder["tls/platform.key"])[1];
        Assert.DoesNotContain(secret, details);
    }

    private FilesSurvey Survey(params string[] configurations)
    {
        if (configurations.Length == 0) configurations = ["nginx/nginx.conf"];
        var group = new FileGroup("Test", [.. configurations.Select(name => new FileEntry(_folder[name]))]);
        return new FilesSurvey(new FilesSettings { Groups = [group] }, _now).Walk(TestContext.Current.CancellationToken);
    }

    private void WritePair(string name, DateTimeOffset ends)
    {
        using var made = TestCertificate.EllipticCurve("tls", ends);
        _folder.Write($"tls/{name}.pem", made.Pem);
        WriteKey(name, made);
        WriteConfiguration(name);
    }

    private void WriteKey(string name, TestCertificate made) =>
        File.SetUnixFileMode(_folder.Write($"tls/{name}.key", made.KeyPem), UnixFileMode.UserRead);

    private void WriteConfiguration(string name) =>
        _folder.Write("nginx/nginx.conf", $"server {{ ssl_certificate ../tls/{name}.pem; ssl_certificate_key ../tls/{name}.key; }}");
}
