using Holdfast.Restic;
using Holdfast.Restic.Sftp;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class SftpLocationTests
{
    [Theory]
    [InlineData("sftp:host:/srv/shop", null, "host", null, "/srv/shop", "sftp:host:/srv/shop")]
    [InlineData("sftp:backup@host:/srv//shop/./x/", "backup", "host", null, "/srv/shop/x", "sftp:backup@host:/srv/shop/x")]
    [InlineData("sftp:host:shop", null, "host", null, "shop", "sftp:host:shop")]
    [InlineData("sftp:host:.", null, "host", null, ".", "sftp:host:.")]
    [InlineData("sftp:host:/", null, "host", null, "/", "sftp:host:/")]
    [InlineData("sftp:host:/a:b", null, "host", null, "/a:b", "sftp:host:/a:b")]
    [InlineData("sftp:host:a b", null, "host", null, "a b", "sftp:host:a b")]
    [InlineData("sftp:me@work@host:x", "me@work", "host", null, "x", "sftp:me@work@host:x")]
    [InlineData("sftp:[2001:db8::1]:/x", null, "2001:db8::1", null, "/x", "sftp:[2001:db8::1]:/x")]
    [InlineData("sftp://host//srv/shop", null, "host", null, "/srv/shop", "sftp:host:/srv/shop")]
    [InlineData("sftp://host/shop", null, "host", null, "shop", "sftp:host:shop")]
    [InlineData("sftp://u%40w@host:2222//srv/a%20b", "u@w", "host", 2222, "/srv/a b", "sftp://u%40w@host:2222//srv/a%20b")]
    [InlineData("sftp://[fe80::1%eth0]:2222/x", null, "fe80::1%eth0", 2222, "x", "sftp://[fe80::1%eth0]:2222/x")]
    public void A_location_is_read_as_restic_reads_it_and_written_so_that_it_can_be_read_again(
        string location, string? user, string host, int? port, string directory, string shown)
    {
        var parsed = SftpLocation.Parse(location);
        Assert.Equal((user, host, port, directory), (parsed.User, parsed.Host, parsed.Port, parsed.Directory));
        Assert.Equal(shown, parsed.ToString());
        Assert.Equal(shown, SftpLocation.Parse(shown).ToString());
    }

    [Theory]
    [InlineData("sftp:")]
    [InlineData("sftp:host")]
    [InlineData("sftp:host:")]
    [InlineData("sftp::hunter2")]
    [InlineData("sftp://host")]
    [InlineData("sftp://host/")]
    [InlineData("sftp://host:0//hunter2")]
    [InlineData("sftp://host:65536//hunter2")]
    [InlineData("sftp://host:port//hunter2")]
    [InlineData("sftp://u:hunter2@host//x")]
    [InlineData("sftp://host//hunter2?x")]
    [InlineData("sftp:-oProxyCommand=hunter2:/x")]
    [InlineData("sftp://-oProxyCommand=hunter2/x")]
    [InlineData("sftp:-lhunter2@host:/x")]
    [InlineData("sftp:$(hunter2)@host:/x")]
    [InlineData("sftp:ho;hunter2:/x")]
    [InlineData("sftp:host:/hunter2\nx")]
    public void What_is_no_location_is_refused_and_not_repeated(string location)
    {
        var refused = Assert.Throws<ResticException>(() => SftpLocation.Parse(location));
        Assert.Equal(ResticError.Unsupported, refused.Error);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sftp:host:~/shop")]
    [InlineData("sftp://host/~shop/x")]
    public void A_tilde_is_refused_with_what_to_write_instead(string location) =>
        Assert.Contains("sftp:HOST:DIRECTORY", Assert.Throws<ResticException>(() => SftpLocation.Parse(location)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_same_server_is_the_same_user_host_and_port()
    {
        var location = SftpLocation.Parse("sftp:backup@host:/x");
        Assert.True(location.IsSameServer(SftpLocation.Parse("sftp://backup@host//y")));
        foreach (var other in new[] { "sftp:host:/x", "sftp:backup@other:/x", "sftp://backup@host:22//x" })
            Assert.False(location.IsSameServer(SftpLocation.Parse(other)), other);
    }
}
