using System.Text.RegularExpressions;
using Holdfast.Components.Files;
using Holdfast.Engine.Backup;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Remote;

/// <summary>How many requests a backup to a real REST server costs, counted by a proxy before it.</summary>
public sealed partial class RoundTripTests(ITestOutputHelper output) : IDisposable
{
    private const string Password = "correct horse";

    private readonly TempFolder _folder = new();
    private int _runs;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_unchanged_backup_with_a_warm_cache_needs_no_more_than_15_requests()
    {
        await using var server = await RestServer.StartAsync();
        using var proxy = new CountingProxy(server.Port);
        for (var i = 0; i < 300; i++) _folder.Write($"source/{i % 20}/{i}/file", $"content {i}");
        var settings = Settings(server.Location.Replace($":{server.Port}/", $":{proxy.Port}/", StringComparison.Ordinal));
        var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
        await (await Repository.InitAsync(settings.Backend, Password, cheap, cancellation: Now)).DisposeAsync();
        await CountAsync(proxy, settings);
        var second = await CountAsync(proxy, settings);
        var third = await CountAsync(proxy, settings);
        Assert.InRange(third.Count, 1, 15);
        Assert.Equal(second.Select(Kind), third.Select(Kind)); // not one more for each point

        var without = await CountAsync(proxy, settings with { Options = new OpenOptions() });
        Assert.True(without.Count > 2 * third.Count, $"It takes {without.Count} without a cache.");

        await using var repository = await Repository.OpenAsync(new LocalBackend(Path.Combine(server.Folder.Path, "data/shop/repository")), Password, cancellation: Now);
        Assert.Equal(4, (await repository.ListSnapshotsAsync(Now)).Count);
        await ResticBinary.Find().CheckAsync(repository.Backend.Location, Password);
    }

    private RepositorySettings Settings(string location) => new(location, Password)
    {
        Rest = new RestOptions(), Options = new OpenOptions { Cache = new CacheOptions(_folder["cache"]) },
    };

    /// <summary>Takes a point; returns its requests.</summary>
    private async Task<IReadOnlyList<string>> CountAsync(CountingProxy proxy, RepositorySettings settings)
    {
        proxy.Requests.Clear();
        var profile = ProfileReader.Parse(
            $"platform: test\ncomponents: {{ files: {{ groups: {{ all: ['{_folder["source"]}'] }} }} }}\n", "/etc/x/profile.yaml");
        var id = RunId.At(new DateTimeOffset(2026, 11, 22, 21, 4, _runs, TimeSpan.Zero), _runs++);
        var environment = new RunEnvironment
        {
            State = new StateDirectory(_folder["state"]), Host = "test", User = "test", Version = "0", Observer = new RunReport(), NewRunId = _ => id,
        };
        var request = new BackupRequest
        {
            Profile = profile, Repository = settings, Components = [FilesComponent.From(profile, TimeProvider.System)!], Mode = BackupMode.Online,
        };
        var summary = await new BackupRun(environment, request).RunAsync(Now);
        Assert.True(summary.Exit == ExitCode.Success, summary.Outcome.Problem?.Message);
        IReadOnlyList<string> requests = [.. proxy.Requests];
        output.WriteLine($"{requests.Count} requests:\n{string.Join('\n', requests.Select(Kind))}");
        return requests;
    }

    /// <summary>Without names: "GET /shop/repository/index/ID".</summary>
    private static string Kind(string request) => Name().Replace(request, "ID");

    [GeneratedRegex("[0-9a-f]{64}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
