using System.Security.Cryptography;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>The program with a repository in an object store.</summary>
public sealed class S3PlatformTests(SharedStore shared) : IAsyncLifetime
{
    private const string Secret = "correct horse";
    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(3_000_000);

    private readonly TempFolder _folder = new();
    private ObjectStore _store = null!;
    private string _location = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await shared.GetAsync();
        _location = _store.NewLocation();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return default;
    }

    [Fact]
    public async Task A_point_goes_into_a_bucket_and_back_over_TLS_and_the_stock_restic_reads_it()
    {
        WriteProfile(_store.OverTls(_location));
        (await HoldfastAsync("init", "--yes")).Succeeded();
        (await HoldfastAsync("backup")).Succeeded();
        var before = await File.ReadAllBytesAsync(_folder["etc/noise"], Now);
        File.Delete(_folder["etc/noise"]);

        (await HoldfastAsync("restore", "--yes")).Succeeded();

        Assert.Equal(before, await File.ReadAllBytesAsync(_folder["etc/noise"], Now));
        var environs = ObjectStore.Variables;
        (environs["RESTIC_REPOSITORY"], environs["RESTIC_PASSWORD"]) = (_location, Secret);
        var check = await Command.RunAsync(ResticBinary.Find().Path, ["--no-cache", "check", "--read-data"], environs);
        check.Succeeded();
        (await HoldfastAsync("repo", "check", "--read-data")).Succeeded();
        var state = Directory.EnumerateFiles(_folder["state"], "*", SearchOption.AllDirectories).ToList();
        Each.Holds(state, file =>
            Assert.DoesNotContain(ObjectStore.SecretKey, File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_wrong_with_an_object_store_is_said_before_anything_is_done()
    {
        WriteProfile(_location);
        FailsWith(Catalogue.RepositoryMissing, await HoldfastAsync("backup"));
        File.WriteAllText(_folder["secret-key"], "wrong");
        FailsWith(Catalogue.RepositoryRefused, await HoldfastAsync("init", "--yes"));
        FailsWith(Catalogue.RepositoryUnsupported, await HoldfastAsync("init", "--yes", "--repository", "s3:host"));
        // What the profile says is not for a repository that it does not name.
        FailsWith(Catalogue.RepositoryRefused, await HoldfastAsync("init", "--yes", "--repository", _location));
    }

    private static void FailsWith(ProblemKind kind, CommandResult result)
    {
        Assert.True((int)kind.Exit == result.ExitCode, result.ToString());
        Assert.Contains(kind.Code, result.Errors, StringComparison.Ordinal);
    }

    private void WriteProfile(string location)
    {
        File.WriteAllBytes(_folder.Write("etc/noise", ""), Content);
        _folder.Write("password", Secret);
        _folder.Write("secret-key", $"{ObjectStore.SecretKey}\n");
        _folder.Write("profile.yaml", $"""
            platform: shop
            repository:
              path: {location}
              password: {'{'} file: password {'}'}
              s3:
                access-key: {ObjectStore.AccessKey}
                secret-key: {'{'} file: secret-key {'}'}
                ca: {_store.AuthorityFile}
            components:
              files:
                groups:
                  configuration: [{_folder["etc"]}]
            """);
    }

    private Task<CommandResult> HoldfastAsync(params string[] arguments) =>
        Command.RunAsync(HoldfastBinary.Find(), arguments, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["HOLDFAST_PROFILE"] = _folder["profile.yaml"], ["HOLDFAST_STATE"] = _folder.Folder("state"),
            ["HOME"] = _folder.Path, ["AWS_ACCESS_KEY_ID"] = null, ["AWS_SECRET_ACCESS_KEY"] = null,
            ["AWS_PROFILE"] = null, ["AWS_SHARED_CREDENTIALS_FILE"] = null,
        });
}
