using System.Text;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>The same folder gives the same trees, byte for byte, whether restic archives it or we do: so each finds the other's again.</summary>
public sealed class SameTreesTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Names_of_every_character_are_quoted_as_restic_quotes_them()
    {
        foreach (var (name, number) in Names().Select((name, number) => (name, number)))
            File.WriteAllText(Path.Combine(_temp.Folder($"source/{number / 1000}"), $"{number:d5}{name}"), "");
        await AssertSameTreeAsync();
    }

    [Fact]
    public async Task Nodes_of_every_type_are_described_as_restic_describes_them()
    {
        await AwkwardTree.MakeAsync(_temp["source"]);
        await AssertSameTreeAsync();
    }

    private async Task AssertSameTreeAsync()
    {
        var token = TestContext.Current.CancellationToken;
        var restic = ResticBinary.Find();
        await restic.InitAsync(_temp["repository"], "geheim");
        (await restic.RunAsync(_temp["repository"], "geheim", "backup", _temp["source"])).Succeeded();
        await using var repository = await Repository.OpenAsync(new LocalBackend(_temp["repository"]), "geheim", cancellation: token);
        var theirs = await repository.FindSnapshotAsync("latest", token);
        await using var writer = await repository.BeginSnapshotAsync(null, token);
        await writer.AddPathsAsync([_temp["source"]], new ArchiveOptions(), token);
        var ours = await writer.CommitAsync(new SnapshotHeader { Paths = [_temp["source"]], Hostname = "test" }, token);
        // Not the whole trees: somebody may make something in the folders above meanwhile.
        Assert.Equal((await repository.FindNodeAsync(theirs, _temp["source"], token))!.Subtree, (await repository.FindNodeAsync(ours, _temp["source"], token))!.Subtree);
    }

    // All but those that cannot stand in a name, and the private planes, of which a few tell.
    private static IEnumerable<string> Names()
    {
        var characters = Enumerable.Range(1, 0x10FFFF).Where(c => Rune.IsValid(c) && c != '/' && (c < 0xF0000 || c % 997 == 0));
        return characters.Chunk(60).Select(chunk => string.Concat(chunk.Select(c => new Rune(c).ToString())));
    }
}
