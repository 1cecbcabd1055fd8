using Holdfast.Components.Postgres;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Dumps in a real repository, which the stock restic reads too.</summary>
public sealed class PostgresRepositoryTests : IAsyncLifetime
{
    private const string Password = "correct horse";
    private static readonly KeyDerivation Cheap = new(1024, 8, 1);
    private readonly TempFolder _folder = new();
    private PostgresServer _source = null!;
    private PostgresServer _target = null!;
    private Repository _repository = null!;
    private ArchiveCounters _counters = null!;

    public async ValueTask InitializeAsync()
    {
        (_source, _target) = (await PostgresServer.StartAsync(), await PostgresServer.StartAsync());
        _repository = await Repository.InitAsync(new LocalBackend(_folder["repository"]), Password, new InitOptions { KeyDerivation = Cheap });
        await _source.ExecuteAsync("postgres", TortureSchema.Roles);
        await _source.ExecuteAsync("postgres", "CREATE DATABASE app;");
        await _source.ExecuteAsync("app", TortureSchema.Objects);
        await _source.ExecuteAsync("app", TortureSchema.Properties("app"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_repository is not null) await _repository.DisposeAsync();
        if (_source is not null) await _source.DisposeAsync();
        if (_target is not null) await _target.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_dump_comes_back_from_a_repository_that_restic_finds_good()
    {
        var (point, manifest) = await CaptureAsync();
        await ResticBinary.Find().CheckAsync(_folder["repository"], Password);
        var into = new Cluster(_target, dump: null);
        await into.RestoreAsync(new RestoreSession { Repository = _repository, Point = point, Manifest = manifest, AsideSuffix = ".before" });
        Assert.Equal(await new Cluster(_source, dump: null).FaceAsync("app"), await into.FaceAsync("app"));
    }

    [Fact]
    public async Task A_second_dump_of_unchanged_data_adds_next_to_nothing()
    {
        await CaptureAsync();
        var first = _counters;
        await CaptureAsync();
        Assert.InRange(_counters.BytesRead, first.BytesRead - 10_000, first.BytesRead + 10_000);
        Assert.InRange(_counters.BytesAdded, 0, first.BytesAdded / 100);
    }

    [Fact]
    public async Task Restic_and_psql_alone_bring_a_database_back()
    {
        await CaptureAsync();
        var restored = _folder["restored"];
        (await ResticBinary.Find().RunAsync(_folder["repository"], Password, "restore", "latest", "--target", restored)).Succeeded();
        var dump = Path.Join(restored, "postgres/main/dump");
        await PsqlAsync(dump, "globals.sql", stop: false);
        await PsqlAsync(Path.Join(dump, "app"), "restore.sql", stop: true);
        var (source, target) = (new Cluster(_source, dump: null), new Cluster(_target, dump: null));
        Assert.Equal(await source.FaceAsync("app"), await target.FaceAsync("app"));
    }

    [Fact]
    public async Task With_a_target_only_files_are_written()
    {
        var (point, manifest) = await CaptureAsync();
        var session = new RestoreSession { Repository = _repository, Point = point, Manifest = manifest, AsideSuffix = ".before", Target = _folder["files"] };
        await new Cluster(_target, dump: null).RestoreAsync(session);
        Assert.True(File.Exists(_folder["files/postgres/main/dump/app/restore.sql"]));
        Assert.Equal("postgres", await new Cluster(_target, dump: null).DatabasesAsync());
    }

    private async Task<(Snapshot Point, Manifest Manifest)> CaptureAsync()
    {
        await using var writer = await _repository.BeginSnapshotAsync(cancellation: TestContext.Current.CancellationToken);
        _counters = writer.Counters;
        var cluster = new Cluster(_source, dump: null, new PostgresSettings { Databases = ["app"] });
        var manifest = await cluster.CaptureAsync(session => (session.Writer, session.Repository) = (writer, _repository));
        var point = await writer.CommitAsync(new SnapshotHeader { Paths = ["/postgres"], Hostname = "test" }, TestContext.Current.CancellationToken);
        return (point, manifest);
    }

    private async Task PsqlAsync(string folder, string script, bool stop)
    {
        var result = await Command.RunAsync(
            "env", ["-C", folder, _target.Program("psql"), "-Xq", "-d", "postgres", "-v", $"ON_ERROR_STOP={(stop ? 1 : 0)}", "-f", script], _target.Environs("postgres"));
        Assert.True(result.Succeeded().Errors.Split('\n').All(line => !line.Contains("ERROR", StringComparison.Ordinal) || line.Contains("already exists", StringComparison.Ordinal)), result.Errors);
    }
}
