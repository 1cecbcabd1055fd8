using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Names of all characters give the same trees in both: nothing is new to restic in what we have archived.</summary>
public sealed class NameQuotingTests
{
    [Fact]
    public async Task Names_of_every_character_are_quoted_as_restic_quotes_them()
    {
        var restic = ResticBinary.Find();
        using var temp = new TempFolder();
        foreach (var (name, number) in Names().Select((name, number) => (name, number)))
        {
            var folder = temp.Folder($"source/{number / 1000}");
            File.WriteAllText(Path.Combine(folder, $"{number:d5}{name}"), "");
        }
        await restic.InitAsync(temp["repository"], "geheim");
        (await restic.RunAsync(temp["repository"], "geheim", "backup", temp["source"])).Succeeded();
        await using var repository = await Repository.OpenAsync(new LocalBackend(temp["repository"]), "geheim", cancellation: TestContext.Current.CancellationToken);
        var theirs = await repository.FindSnapshotAsync("latest", TestContext.Current.CancellationToken);
        await using var writer = await repository.BeginSnapshotAsync(null, TestContext.Current.CancellationToken);
        await writer.AddPathsAsync([temp["source"]], new ArchiveOptions(), TestContext.Current.CancellationToken);
        var ours = await writer.CommitAsync(new SnapshotHeader { Paths = [temp["source"]], Hostname = "test" }, TestContext.Current.CancellationToken);
        // Not the whole trees: somebody may make something in the folders above meanwhile.
        var theirNode = await repository.FindNodeAsync(theirs, temp["source"], TestContext.Current.CancellationToken);
        var ourNode = await repository.FindNodeAsync(ours, temp["source"], TestContext.Current.CancellationToken);
        Assert.Equal(theirNode!.Subtree, ourNode!.Subtree);
    }

    // All but those that cannot stand in a name, and the private planes, of which a few tell.
    private static IEnumerable<string> Names()
    {
        var characters = Enumerable.Range(1, 0x10FFFF).Where(c => Rune.IsValid(c) && c != '/' && (c < 0xF0000 || c % 997 == 0));
        return characters.Chunk(60).Select(chunk => string.Concat(chunk.Select(c => new Rune(c).ToString())));
    }
}
