using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Profiles;

/// <summary>What a valid profile is warned of.</summary>
public sealed class ProfileCautionsTests
{
    [Theory]
    [InlineData("http://search.example:9200", "user: a, password: { env: X }", "profile.yaml:1: the password for http://search.example:9200 crosses the network unencrypted.")]
    [InlineData("http://10.1.2.3:9200", "api-key: { env: X }", "profile.yaml:1: the api-key for http://10.1.2.3:9200 crosses the network unencrypted.")]
    [InlineData("https://search.example:9200", "user: a, password: { env: X }", null)]
    [InlineData("http://search.example:9200", "deadline: 1h", null)]
    [InlineData("http://localhost:9200", "user: a, password: { env: X }", null)]
    [InlineData("http://127.0.0.2:9200", "user: a, password: { env: X }", null)]
    [InlineData("http://[::1]:9200", "user: a, password: { env: X }", null)]
    public void A_password_that_crosses_the_network_unencrypted_is_named(string url, string keys, string? warning)
    {
        var profile = ProfileReader.Parse($$"""{ platform: x, components: { search: [ { name: main, url: "{{url}}", {{keys}} } ] } }""", "profile.yaml");
        var found = ProfileCautions.Find(profile).SingleOrDefault();
        Assert.Equal(warning, found?.Message);
        if (found is not null) Assert.Equal((Catalogue.ProfileClear.Code, ExitCode.Success), (found.Code, found.Exit));
    }
}
