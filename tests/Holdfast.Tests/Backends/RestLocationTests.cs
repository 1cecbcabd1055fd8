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
