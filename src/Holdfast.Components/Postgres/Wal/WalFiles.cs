using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// Returns WAL files of the archive, and reads those ahead that recovery will request next. Snapshots and packs that
/// other processes have created or moved meanwhile are found by a second attempt.
/// </summary>
internal sealed class WalFiles(Repository repository, WalCatalogue catalogue)
{
    /// <summary>
    /// The number of segments that are read ahead, and the largest segment size for which memory is used for that: 64
    /// MiB in all with the default size.
    /// </summary>
    private const int Ahead = 3, LargestAhead = 16 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<byte[]?>> _coming = new(StringComparer.Ordinal);

    /// <summary>Opens a file; returns its content and length in bytes, or null when it does not exist.</summary>
    public async Task<(Stream Content, long Length)?> OpenAsync(string name, CancellationToken cancellation)
    {
        if (TryTake(name, out var coming) && await coming is { } ready)
        {
            ReadAhead(name);
            return (new MemoryStream(ready, writable: false), ready.Length);
        }
        if (await FindAsync(name, cancellation) is not { } node) return await OpenStreamedAsync(name, cancellation);
        ReadAhead(name);
        return (repository.OpenFile(node), (long)node.Size);
    }

    /// <summary>Reads a whole file, verified; null when it does not exist.</summary>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellation) =>
        await FindAsync(name, cancellation) is { } node ? await ReadVerifiedAsync(node, cancellation) : null;

    /// <summary>
    /// Opens a segment of which only the beginning is stored: the rest reads as zeroes, at which recovery ends.
    /// </summary>
    public async Task<(Stream Content, long Length)> OpenPartAsync(Node part, int size, CancellationToken cancellation)
    {
        var whole = new byte[size];
        (await ReadVerifiedAsync(part, cancellation)).CopyTo(whole, 0);
        return (new MemoryStream(whole, writable: false), size);
    }

    /// <summary>Reads a file; one that another process has moved meanwhile is found by a second attempt.</summary>
    private async Task<byte[]> ReadVerifiedAsync(Node node, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(node, cancellation);
        }
        catch (ResticException moved) when (moved.IsLoss)
        {
            await repository.RefreshAsync(cancellation);
            return await ReadAsync(node, cancellation);
        }
    }

    private async Task<byte[]> ReadAsync(Node node, CancellationToken cancellation)
    {
        var bytes = new byte[node.Size];
        await using var content = repository.OpenFile(node);
        await content.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }

    private async Task<Node?> FindAsync(string name, CancellationToken cancellation)
    {
        try
        {
            if (await catalogue.FindNodeAsync(name, cancellation) is { } node) return node;
        }
        catch (ResticException moved) when (moved.IsLoss)
        {
            await repository.RefreshAsync(cancellation);
        }
        await catalogue.RefreshAsync(cancellation);
        return await catalogue.FindNodeAsync(name, cancellation);
    }

    /// <summary>
    /// Opens a segment that was still being written when the server was lost, up to the last byte received.
    /// </summary>
    private async Task<(Stream, long)?> OpenStreamedAsync(string name, CancellationToken cancellation)
    {
        if (name.Length != WalSegment.NameLength) return null;
        RefuseGap(WalSegment.Parse(name));
        if (!catalogue.HasPart($"{name}.partial") || await FindAsync($"{name}.partial", cancellation) is not { } part) return null;
        return await OpenPartAsync(part, catalogue.SegmentSize, cancellation);
    }

    /// <summary>
    /// Refuses a missing segment with later WAL: PostgreSQL takes it for the end of the WAL and starts, so that the WAL
    /// after the gap would be lost without an error.
    /// </summary>
    /// <exception cref="ProblemException">There is later WAL of this timeline.</exception>
    private void RefuseGap(WalSegment missing)
    {
        if (catalogue.Segments.Where(segment => segment.Timeline == missing.Timeline && segment > missing).Select(segment => (WalSegment?)segment).Min() is { } behind)
            throw Catalogue.WalGap.Throwable($"The segment {missing.Name} of {catalogue.Cluster} is not in the archive, but {behind.Name} behind it is.");
    }

    private bool TryTake(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Task<byte[]?>? coming)
    {
        lock (_gate) return _coming.Remove(name, out coming);
    }

    private void ReadAhead(string name)
    {
        if (!WalSegment.TryParse(name, out var segment) || catalogue.SegmentSize > LargestAhead) return;
        lock (_gate)
        {
            var wanted = new List<string>();
            for (var i = 0; i < Ahead; i++) wanted.Add((segment = segment.Next(catalogue.SegmentSize)).Name);
            foreach (var old in _coming.Keys.Except(wanted, StringComparer.Ordinal).ToList()) _coming.Remove(old);
            foreach (var next in wanted.Where(next => catalogue.Has(next) && !_coming.ContainsKey(next))) _coming.Add(next, Task.Run(() => TryReadAsync(next)));
        }
    }

    /// <summary>
    /// Reads a file ahead of time; on a failure it is read again when it is requested, and the error is reported then.
    /// </summary>
    private async Task<byte[]?> TryReadAsync(string name)
    {
        try
        {
            return await ReadAsync(name, CancellationToken.None);
        }
        catch (Exception failure) when (failure is ResticException or ObjectDisposedException)
        {
            return null;
        }
    }
}
