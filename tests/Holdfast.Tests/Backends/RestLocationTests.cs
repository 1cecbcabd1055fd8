using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Xunit;

namespace Holdfast.Tests.Backends;

public sealed class RestLocationTests
{
    [Theory]
    [InlineData("rest:http://host:8000/a/b", "rest:http://host:8000/a/b/", null, null)]
    [InlineData("rest:https://host", "rest:https://host/", null, null)]
    [InlineData("rest:https://shop@host/a/", "rest:https://host/a/", "shop", null)]
    [InlineData("rest:https://shop:p%40ss%3Aword@[::1]:8000/a/", "rest:https://[::1]:8000/a/", "shop", "p@ss:word")]
    [InlineData("rest:http+unix:///run/rest.sock:/a/b", "rest:http+unix:///run/rest.sock:/a/b/", null, null)]
    [InlineData("rest:http+unix:///run/rest.sock", "rest:http+unix:///run/rest.sock:/", null, null)]
    public void A_location_is_read_as_restic_reads_it_and_written_without_its_password(
        string location, string shown, string? user, string? password)
    {
        var parsed = RestLocation.Parse(location);
        Assert.Equal((shown, user, password), (parsed.ToString(), parsed.User, parsed.Password));
        Assert.Equal(parsed.Url, RestLocation.Parse(shown).Url);
    }

    [Theory]
    [InlineData("rclone:store:bucket/shop", "store:bucket/shop")]
    [InlineData("rclone:my store 2:", "my store 2:")]
    [InlineData("rclone:s3@work:a:b,c", "s3@work:a:b,c")]
    public void A_remote_of_rclone_is_kept_as_it_is_written(string location, string remote)
    {
        var parsed = RestLocation.Parse(location);
        Assert.True(RestLocation.IsRest(location));
        Assert.Equal((location, remote), (parsed.ToString(), parsed.Remote));
    }

    [Theory]
    [InlineData("rclone:")]
    [InlineData("rclone:/srv/hunter2")]
    [InlineData("rclone::local:/hunter2")]
    [InlineData("rclone:s3,secret_access_key=hunter2:bucket")]
    [InlineData("rclone:--config=hunter2:x")]
    [InlineData("rclone:store:a\nhunter2")]
    [InlineData("rest:")]
    [InlineData("rest:host:8000/hunter2")]
    [InlineData("rest:ftp://u:hunter2@host/")]
    [InlineData("rest:http://u:hunter2@host/?x=1")]
    [InlineData("rest:http://u:hunter2@host/#x")]
    [InlineData("rest:http+unix://relative:/a")]
    public void What_is_no_location_is_refused_and_not_repeated(string location)
    {
        var refused = Assert.Throws<ResticException>(() => RestLocation.Parse(location));
        Assert.Equal(ResticError.Unsupported, refused.Error);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }
}
