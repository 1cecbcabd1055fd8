using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>One index file of many is broken.</summary>
public sealed class BrokenIndexTests
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_other_indexes_list_is_read_and_nothing_is_stored(bool empty)
    {
        await using var forge = await Forge.MakeAsync();
        var good = await forge.SaveSnapshotAsync(await forge.SaveTreeAsync(Forge.File("a", 0)));
        var before = forge.Backend.Names(FileKind.Index).ToHashSet(StringComparer.Ordinal);
        var lost = await forge.SaveSnapshotAsync(await forge.SaveTreeAsync(Forge.File("b", 1, await forge.SaveAsync(BlobType.Data, [1]))));
        foreach (var name in forge.Backend.Names(FileKind.Index).Where(name => !before.Contains(name)))
            forge.Backend[FileKind.Index, name] = empty ? [] : [.. forge.Backend[FileKind.Index, name].Reverse()];
        var repository = await forge.ReopenAsync();
        Assert.NotNull(await repository.FindNodeAsync(good, "/a", Now));
        Assert.NotEmpty(repository.UnreadableIndexes);
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(() => repository.FindNodeAsync(lost, "/b", Now))).Error);
        Assert.Equal(ResticError.Damaged, (await Assert.ThrowsAsync<ResticException>(() => repository.BeginSnapshotAsync(good, Now))).Error);
    }
}
