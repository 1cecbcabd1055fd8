using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Packs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>Each bit of a small repository is flipped, one at a time: it is detected, and whatever is read is what was stored.</summary>
public sealed class FlippedBitTests
{
    private const int Sampled = 400;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flipped_bit_is_found_and_never_read_as_content()
    {
        await using var forge = await Forge.MakeAsync();
        var blobs = new[] { await forge.SaveAsync(BlobType.Data, "one"u8.ToArray()), await forge.SaveAsync(BlobType.Data, new byte[500]) };
        var below = await forge.SaveTreeAsync(Forge.File("b", 500, blobs[1]));
        await forge.SaveSnapshotAsync(await forge.SaveTreeAsync(Forge.File("a", 3, blobs[0]), Forge.Folder("c", below)));
        var expected = await ReadAllAsync(forge.Backend);
        var bits = Bits(forge.Backend).ToArray();
        var seed = Sample.Seed;
        if (!Sample.IsLong) bits = [.. new Random(seed).GetItems(bits, Sampled)];
        foreach (var (kind, name, bit) in bits)
        {
            var copy = forge.Backend.Clone();
            copy[kind, name][bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(await IsHarmlessAsync(copy, expected), $"seed {seed}: bit {bit} of {kind} {name} was read as something else");
            Assert.True(await IsFoundAsync(copy), $"seed {seed}: bit {bit} of {kind} {name} was not found by a check");
        }
    }

    private static IEnumerable<(FileKind Kind, string Name, int Bit)> Bits(MemoryBackend backend) =>
        from kind in Enum.GetValues<FileKind>()
        from name in backend.Names(kind)
        from bit in Enumerable.Range(0, backend[kind, name].Length * 8)
        select (kind, name, bit);

    private static async Task<bool> IsFoundAsync(MemoryBackend backend)
    {
        try
        {
            await using var repository = await Repository.OpenAsync(backend, "password", cancellation: Now);
            return !(await repository.CheckAsync(new CheckOptions { ReadData = ReadSubset.All }, Now)).IsClean;
        }
        catch (ResticException)
        {
            return true;
        }
    }

    private static async Task<bool> IsHarmlessAsync(MemoryBackend backend, string expected)
    {
        try
        {
            return await ReadAllAsync(backend) == expected;
        }
        catch (ResticException)
        {
            return true;
        }
    }

    /// <summary>All that a restore would read.</summary>
    private static async Task<string> ReadAllAsync(MemoryBackend backend)
    {
        await using var repository = await Repository.OpenAsync(backend, "password", cancellation: Now);
        var lines = new List<string>();
        foreach (var snapshot in await repository.ListSnapshotsAsync(Now))
        {
            await foreach (var (path, node) in repository.WalkAsync(snapshot, cancellation: Now))
            {
                using var content = new MemoryStream();
                if (node.Content is not null)
                {
                    await using var file = repository.OpenFile(node);
                    await file.CopyToAsync(content, Now);
                }
                lines.Add($"{path} {node.Mode} {Convert.ToHexString(content.ToArray())}");
            }
        }
        return string.Join('\n', lines);
    }
}
