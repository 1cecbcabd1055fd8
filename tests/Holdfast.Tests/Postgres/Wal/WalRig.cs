using System.Buffers.Binary;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Postgres.Wal;

/// <summary>A repository in memory, and segments of 1 MiB that begin as those of PostgreSQL 15 do.</summary>
internal sealed class WalRig : IAsyncDisposable
{
    public const int Size = 1 << 20;
    public const ulong System = 7312345678901234567;

    private WalRig(MemoryBackend backend, Repository repository, WalCatalogue catalogue) =>
        (Backend, Repository, Catalogue, Archive) = (backend, repository, catalogue, new WalArchive(repository, catalogue));

    public MemoryBackend Backend { get; }
    public Repository Repository { get; }
    public WalCatalogue Catalogue { get; }
    public WalArchive Archive { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<WalRig> MakeAsync()
    {
        var backend = new MemoryBackend();
        var repository = await Repository.InitAsync(backend, "x", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: Token);
        return new WalRig(backend, repository, await WalCatalogue.ReadAsync(repository, "shop", "main", Token));
    }

    /// <summary>What another process sees.</summary>
    public Task<WalCatalogue> ReadAsync() => WalCatalogue.ReadAsync(Repository, "shop", "main", Token);

    /// <summary>A segment by its name; <paramref name="seed"/> makes its content.</summary>
    public static WalSource Segment(string name, int seed = 0, ulong system = System, string? says = null, int? length = null, ushort magic = 0xD110)
    {
        var file = WalFile.Find(name)!;
        var content = new byte[length ?? Size];
        new Random(unchecked(seed + StringComparer.Ordinal.GetHashCode(name))).NextBytes(content.AsSpan(WalHeader.Size, 2000));
        var told = says is null ? file.Segment : WalSegment.Parse(says);
        BinaryPrimitives.WriteUInt16LittleEndian(content, magic);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(2), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), told.Timeline);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(8), (ulong)told.Start(Size));
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(24), system);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(32), Size);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(36), 8192);
        return WalSource.Of(file, content);
    }

    public static WalSource Text(string name, string content) => WalSource.Of(WalFile.Find(name)!, global::System.Text.Encoding.UTF8.GetBytes(content));

    public static string Name(uint timeline, ulong number) => WalSegment.Of(timeline, number, Size).Name;

    public async Task StoreAsync(params IEnumerable<WalSource> batch) => Assert.Empty(await Archive.StoreAsync([.. batch], Token));

    public async Task<Problem> RefusedAsync(WalSource source) => Assert.Single(await Archive.StoreAsync([source], Token)).Value;

    /// <summary>A recovery point that holds WAL of the cluster.</summary>
    public async Task StorePointAsync(params IEnumerable<WalSource> sources)
    {
        await using var writer = await Repository.BeginSnapshotAsync(cancellation: Token);
        foreach (var source in sources) await writer.AddStreamAsync(WalPath.Of("main", source.File), source.Open(), cancellation: Token);
        await writer.AddStreamAsync("/recovery-point.json", new MemoryStream("{}"u8.ToArray()), cancellation: Token);
        await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test", Tags = ["holdfast", "platform=shop"] }, Token);
    }

    public static async Task<byte[]> BytesAsync(Stream content)
    {
        await using var opened = content;
        var bytes = new MemoryStream();
        await opened.CopyToAsync(bytes, Token);
        return bytes.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        Catalogue.Dispose();
        await Repository.DisposeAsync();
    }
}
