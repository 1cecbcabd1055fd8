using Holdfast.Cli.Sessions;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>Options and HOLDFAST_ variables, then the profile, then restic's variables.</summary>
public sealed class RepositorySourceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_given_goes_before_the_profile_and_the_environment()
    {
        _environment["RESTIC_REPOSITORY"] = "/by/restic";
        _environment["RESTIC_PASSWORD_COMMAND"] = "false";
        var source = Source("/by/option", _folder.Write("given", "by option\n"), Profile());
        var settings = await source.ReadAsync(CancellationToken.None);
        Assert.Equal(("/by/option", "by option"), (settings.Path, settings.Password));
        Assert.Equal(7, settings.Options.CompressionLevel);
    }

    [Fact]
    public async Task The_profile_goes_before_the_variables_of_restic()
    {
        _environment["RESTIC_REPOSITORY"] = "/by/restic";
        _environment["RESTIC_PASSWORD"] = "by restic";
        var source = Source(null, null, Profile());
        Assert.Equal("/by/profile", source.Path);
        Assert.Equal("by profile", await source.ReadPasswordAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_a_profile_the_variables_of_restic_do()
    {
        _environment["RESTIC_REPOSITORY_FILE"] = _folder.Write("place", "/by/restic\n");
        _environment["RESTIC_PASSWORD"] = "by restic";
        var settings = await Source(null, null, null).ReadAsync(CancellationToken.None);
        Assert.Equal(("/by/restic", "by restic"), (settings.Path, settings.Password));
    }

    [Fact]
    public void A_repository_that_is_given_goes_before_a_file_that_names_another()
    {
        _environment["RESTIC_REPOSITORY_FILE"] = "/not/there";
        Assert.Equal("/by/option", Source("/by/option", null, null).Path);
    }

    [Fact]
    public void The_file_that_is_to_hold_the_password_is_known_before_it_is_there()
    {
        Assert.Equal(_folder["secret"], Source(null, null, Profile()).PasswordFile);
        Assert.Equal("/given", Source(null, "/given", Profile()).PasswordFile);
        _environment["RESTIC_PASSWORD_FILE"] = "/by/restic";
        Assert.Equal("/by/restic", Source(null, null, null).PasswordFile);
    }

    private Profile Profile()
    {
        _folder.Write("secret", "by profile\n");
        return ProfileReader.Parse("""
            platform: shop
            repository: { path: /by/profile, password: { file: secret }, compression: 7 }
            components: { files: { groups: { all: [/etc] } } }
            """, _folder["profile.yaml"]);
    }

    private RepositorySource Source(string? path, string? passwordFile, Profile? profile) => new(
        path, passwordFile, profile, _environment.GetValueOrDefault,
        environment => new RepositorySettingsReader(new LocalHost(environment), new SecretReader(new LocalHost(environment), environment, _folder.Path), environment));
}
