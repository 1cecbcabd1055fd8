using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class StatsVerbTests
{
    private const int Size = 600_000;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_component_is_weighed_with_what_it_shares_with_others()
    {
        using var stage = await FilesStage.MakeAsync();
        await TakeAsync(stage, ["holdfast", "platform=sample"], ("/files/etc/a", 1), ("/files/etc/b", 2), ("/postgres/main/x", 2), ("/recovery-point.json", 9));
        await TakeAsync(stage, ["holdfast", "platform=sample"], ("/files/etc/a", 1), ("/postgres/main/x", 3), ("/postgres/other/y", 4));
        await TakeAsync(stage, ["wal", "platform=sample"], ("/postgres/main/wal/z", 5));
        await TakeAsync(stage, ["nightly"], ("/srv/h", 4));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "stats", "--by", "component", "--json"));
        var shares = stage.Output.Trim().Split('\n').Select(line => JsonNode.Parse(line)!)
            .Where(told => (string?)told["event"] == "component_share").ToDictionary(share => (string)share["component"]!);
        string[] names = ["archived WAL", "files", "other snapshots", "postgres/main", "postgres/other"];
        Assert.Equal(names, shares.Keys);
        Expect(shares["files"], snapshots: 2, files: 3, stored: 2, unique: 1);
        Expect(shares["postgres/main"], snapshots: 2, files: 2, stored: 2, unique: 1);
        Expect(shares["postgres/other"], snapshots: 1, files: 1, stored: 1, unique: 0);
        Expect(shares["other snapshots"], snapshots: 1, files: 1, stored: 1, unique: 0);
        Expect(shares["archived WAL"], snapshots: 1, files: 1, stored: 1, unique: 1);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "stats", "--by", "component"));
        Assert.Contains("postgres/other", stage.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "stats", "--by", "weekday"));
    }

    /// <summary>So many files; trees, and the overhead of sealing, are a few thousand bytes.</summary>
    private static void Expect(JsonNode share, int snapshots, int files, int stored, int unique)
    {
        Assert.Equal((snapshots, files * Size), ((int)share["snapshots"]!, (int)share["file_bytes"]!));
        Assert.InRange((int)share["plain_bytes"]!, stored * Size, (stored * Size) + 5000);
        Assert.InRange((int)share["stored_bytes"]!, stored * Size, (stored * Size) + 5000);
        Assert.InRange((int)share["unique_bytes"]!, unique * Size, (unique * Size) + 5000);
        Assert.Equal((int)share["stored_bytes"]!, (int)share["unique_bytes"]! + (int)share["shared_bytes"]!);
    }

    private static async Task TakeAsync(FilesStage stage, string[] tags, params (string Path, int Number)[] files)
    {
        await using var repository = await Repository.OpenAsync(new LocalBackend(stage.Repository), "secret", cancellation: Now);
        await using var writer = await repository.BeginSnapshotAsync(null, Now);
        foreach (var (path, number) in files)
        {
            var content = new byte[Size];
            new Random(number).NextBytes(content);
            await writer.AddStreamAsync(path, new MemoryStream(content), new EntryMetadata { ChunkSize = 1 << 20 }, Now);
        }
        await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test", Tags = tags }, Now);
    }
}
