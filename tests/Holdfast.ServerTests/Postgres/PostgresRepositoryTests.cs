using Holdfast.Components.Postgres.Connection;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

/// <summary>Dumps in a real repository, which the stock restic reads too.</summary>
public sealed class PostgresRepositoryTests : IAsyncLifetime
{
    private PostgresServer _source = null!;
    private PostgresServer _target = null!;
    private Rig _rig = null!;

    private Cluster Source => new(_source, _rig, new PostgresSettings { Databases = ["app"] });

    private Cluster Target => new(_target, _rig);

    public async ValueTask InitializeAsync()
    {
        (_source, _target) = (await PostgresServer.StartAsync(), await PostgresServer.StartAsync());
        _rig = await Rig.MakeAsync();
        await _source.ExecuteAsync("postgres", TortureSchema.Roles);
        await _source.ExecuteAsync("postgres", "CREATE DATABASE app;");
        await _source.ExecuteAsync("app", TortureSchema.Objects);
        await _source.ExecuteAsync("app", TortureSchema.Properties("app"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_rig is not null) await _rig.DisposeAsync();
        if (_source is not null) await _source.DisposeAsync();
        if (_target is not null) await _target.DisposeAsync();
    }

    [Fact]
    public async Task A_dump_comes_back_from_a_repository_that_restic_finds_good()
    {
        var taken = await Source.CaptureAsync();
        await ResticBinary.Find().CheckAsync(_rig.RepositoryPath, Rig.Password);
        await Target.RestoreAsync(taken);
        Assert.Equal(await Source.FaceAsync("app"), await Target.FaceAsync("app"));
    }

    [Fact]
    public async Task A_second_dump_of_unchanged_data_adds_next_to_nothing()
    {
        var first = (await Source.CaptureAsync()).Counters;
        var second = (await Source.CaptureAsync()).Counters;
        Assert.InRange(second.BytesRead, first.BytesRead - 10_000, first.BytesRead + 10_000);
        Assert.InRange(second.BytesAdded, 0, first.BytesAdded / 100);
    }

    [Fact]
    public async Task Restic_and_psql_alone_bring_a_database_back()
    {
        await Source.CaptureAsync();
        var restored = _rig["restored"];
        (await ResticBinary.Find().RunAsync(_rig.RepositoryPath, Rig.Password, "restore", "latest", "--target", restored)).Succeeded();
        var dump = Path.Join(restored, "postgres/main/dump");
        await PsqlAsync(dump, "globals.sql", stop: false);
        await PsqlAsync(Path.Join(dump, "app"), "restore.sql", stop: true);
        Assert.Equal(await Source.FaceAsync("app"), await Target.FaceAsync("app"));
    }

    [Fact]
    public async Task With_a_target_only_files_are_written()
    {
        var taken = await Source.CaptureAsync();
        await _rig.RestoreAsync(Target.Component(), taken.Point, request => request with { Target = _rig["files"] });
        Assert.True(File.Exists(_rig["files/postgres/main/dump/app/restore.sql"]));
        Assert.Equal("postgres", await Target.DatabasesAsync());
    }

    private async Task PsqlAsync(string folder, string script, bool stop)
    {
        var result = await Command.RunAsync(
            "env", ["-C", folder, _target.Program("psql"), "-Xq", "-d", "postgres", "-v", $"ON_ERROR_STOP={(stop ? 1 : 0)}", "-f", script], _target.Environs("postgres"));
        Assert.True(result.Succeeded().Errors.Split('\n').All(line => !line.Contains("ERROR", StringComparison.Ordinal) || line.Contains("already exists", StringComparison.Ordinal)), result.Errors);
    }
}
