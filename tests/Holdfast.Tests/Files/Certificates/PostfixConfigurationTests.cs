using Holdfast.Components.Files.Certificates;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class PostfixConfigurationTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly PostfixConfiguration _postfix = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Settings_go_on_over_lines_and_refer_to_each_other()
    {
        var file = _folder.Write("main.cf", """
            # smtpd_tls_cert_file = /commented/out.pem
            tls_home = /etc/postfix/tls
            smtpd_tls_cert_file = ${tls_home}/mail.pem
            smtpd_tls_key_file = $smtpd_tls_cert_file
            smtpd_tls_CAfile = $(config_directory)/ca.pem
            smtpd_tls_eccert_file =
            smtpd_tls_dh1024_param_file = auto
            smtp_tls_CApath = /etc/pki/tls/certs
            smtp_tls_chain_files =
                /etc/postfix/rsa.pem,
            # a comment in the middle
                /etc/postfix/ec.pem
            smtp_tls_cert_file = none
            """);
        Assert.Equal(
            [
                "Certificate /etc/postfix/tls/mail.pem",
                "Key /etc/postfix/tls/mail.pem",
                $"Authorities {_folder["ca.pem"]}",
                "Authorities /etc/pki/tls/certs",
                "Certificate /etc/postfix/rsa.pem",
                "Certificate /etc/postfix/ec.pem",
            ],
            Named.By(_postfix, file));
    }

    [Fact]
    public void Settings_that_refer_to_each_other_in_a_circle_are_a_riddle()
    {
        var reader = new ConfigurationReader();
        var file = _folder.Write("main.cf", "smtpd_tls_cert_file = $smtpd_tls_key_file\nsmtpd_tls_key_file = $smtpd_tls_cert_file\n");
        Assert.Empty(Named.By(_postfix, file, reader));
        Assert.Equal(2, reader.Problems.Count);
    }
}
