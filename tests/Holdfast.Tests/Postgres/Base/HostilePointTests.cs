using System.Text;
using System.Text.Json.Nodes;
using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Holdfast.Tests.Files;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>Recovery points that somebody has made who wants more than a restore gives: they are refused before anything is touched.</summary>
public sealed class HostilePointTests
{
    private const string Valid = """
        {"method":"cold","systemIdentifier":7,"version":150018,"dataDirectory":"/nowhere/holdfast/data","timeline":1,"segmentSize":16777216,"started":"2026-11-28T00:00:00+00:00","stopped":"2026-11-28T00:00:01+00:00"}
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql.auto.conf")]
    [InlineData("standby.signal")]
    [InlineData("pg_wal")]
    [InlineData("pg_wal/000000010000000000000001")]
    [InlineData("global/pg_control")]
    [InlineData("restore.log")]
    public async Task A_link_in_the_place_of_a_file_of_the_server_is_refused(string place)
    {
        var problem = await PlanAsync(Valid, "postgres", writer => writer.AddNode($"/postgres/main/base/{place}", new Node { Name = "", Type = NodeType.Symlink, Mode = GoMode.Symlink | 0x1FF, LinkTarget = "/etc/passwd", Links = 1 }));
        Assert.Equal("HF-PG-FILES", problem.Code);
        Assert.Contains($"{place} is a link to /etc/passwd", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root", "to root")]
    [InlineData("--reference=/etc/shadow", "no valid name")]
    [InlineData("no-such-user-here", "which this machine does not have")]
    public async Task An_owner_that_is_root_an_option_or_nobody_is_refused(string owner, string why)
    {
        Require.Root();
        Assert.Contains(why, (await PlanAsync(Valid, owner, _ => { })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"/nowhere/holdfast/data\"", "\"relative\"")]
    [InlineData("\"cold\"", "\"base\"")]
    [InlineData("16777216", "3")]
    [InlineData("150018", "-1")]
    [InlineData("\"timeline\":1", "\"timeline\":1,\"startLsn\":\"1; DROP\"")]
    [InlineData("\"timeline\":1", "\"timeline\":1,\"tablespaces\":[null]")]
    [InlineData("\"timeline\":1", "\"timeline\":1,\"tablespaces\":[{\"oid\":5,\"name\":\"a\",\"path\":\"/a\"},{\"oid\":5,\"name\":\"b\",\"path\":\"/b\"}]")]
    [InlineData("{\"method\"", "[{\"method\"")]
    public async Task A_record_that_Holdfast_has_not_written_is_refused(string before, string after) =>
        Assert.Equal("HF-POINT-MANIFEST", (await PlanAsync(Valid.Replace(before, after, StringComparison.Ordinal), "postgres", _ => { })).Code);

    [Fact]
    public async Task A_data_directory_that_its_user_has_made_a_link_to_a_folder_of_root_s_is_refused()
    {
        Require.Root();
        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        var (theirs, victim) = (folder.Folder("theirs"), folder.Folder("victim"));
        Directory.CreateSymbolicLink($"{theirs}/data", victim);
        (await Command.RunAsync("chown", ["-hR", "65534:65534", theirs])).Succeeded();
        var led = await PlanAsync(Valid.Replace("/nowhere/holdfast/data", $"{theirs}/data", StringComparison.Ordinal), "postgres", _ => { });
        Assert.Contains($"leads over {theirs}/data to {victim}", led.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dump_below_a_target_has_no_rights_that_its_mode_does_not_show()
    {
        using var folder = new TempFolder();
        await using var repository = await Repository.InitAsync(new MemoryBackend(), "x", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: Token);
        await using var writer = await repository.BeginSnapshotAsync(cancellation: Token);
        writer.AddNode("/postgres/main/dump", new Node { Name = "", Type = NodeType.File, Mode = GoMode.SetUid | 0x1ED, Content = [], Links = 1 });
        writer.AddNode("/postgres/main/disk", new Node { Name = "", Type = NodeType.Device, Mode = GoMode.Device | 0x1B6, Device = 0x800, Links = 1 });
        var point = await writer.CommitAsync(new SnapshotHeader { Paths = ["/postgres/main"], Hostname = "test", Tags = [] }, Token);
        var session = new RestoreSession { Repository = repository, Point = point, Manifest = Manifest("dump"), AsideSuffix = ".before-1", Target = folder["target"] };
        var step = Assert.Single(await Component(PostgresMethod.Dump).PlanRestoreAsync(session, Token));
        await step.Act(new RecordedStep(), Token);
        Assert.Equal([folder["target/postgres/main/dump"]], Directory.GetFileSystemEntries(folder["target/postgres/main"]));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(folder["target/postgres/main/dump"]));
    }

    private static Manifest Manifest(string method)
    {
        var manifest = new Manifest { Platform = "test", RunId = "run", Mode = BackupMode.Online, HoldfastVersion = "0", Host = "test" };
        manifest.Components.Add(new ComponentRecord { Name = "postgres/main", Kind = "postgres", Path = "/postgres/main", Details = new JsonObject { ["method"] = method } });
        return manifest;
    }

    private static PostgresComponent Component(PostgresMethod method) =>
        new(new PostgresSettings { Method = method }, new NoSecret(), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System);

    /// <summary>The problem of a plan for a restore of a point with one record, a data directory of an owner, and what is added to that.</summary>
    private static async Task<Problem> PlanAsync(string record, string owner, Action<SnapshotWriter> add)
    {
        await using var repository = await Repository.InitAsync(new MemoryBackend(), "x", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: Token);
        await using var writer = await repository.BeginSnapshotAsync(cancellation: Token);
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(record));
        await writer.AddStreamAsync("/postgres/main/base.json", json, cancellation: Token);
        using var version = new MemoryStream("15\n"u8.ToArray());
        await writer.AddStreamAsync("/postgres/main/base/PG_VERSION", version, cancellation: Token);
        writer.AddDirectory("/postgres/main/base", new EntryMetadata { User = owner, Uid = 7, Gid = 7, Permissions = 0x1C0 });
        add(writer);
        var point = await writer.CommitAsync(new SnapshotHeader { Paths = ["/postgres/main"], Hostname = "test", Tags = [] }, Token);
        var session = new RestoreSession { Repository = repository, Point = point, Manifest = Manifest("cold"), AsideSuffix = ".before-1", Recovery = new RecoveryRequest { NoStart = true } };
        return (await Assert.ThrowsAsync<ProblemException>(() => Component(PostgresMethod.Cold).PlanRestoreAsync(session, Token))).Problem;
    }

    private sealed class NoSecret : ISecretReader
    {
        public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult("");
    }
}
