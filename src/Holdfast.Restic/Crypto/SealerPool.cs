using System.Collections.Concurrent;

namespace Holdfast.Restic.Crypto;

/// <summary>
/// Lends sealers of one key to threads. There are never more of them than were lent at the same time.
/// </summary>
internal sealed class SealerPool(RepositoryKey key) : IDisposable
{
    private readonly ConcurrentBag<Sealer> _idle = [];

    /// <summary>Decrypts a message, or returns false; see <see cref="Sealer.TryOpen"/>.</summary>
    public bool TryOpen(ReadOnlySpan<byte> message, Span<byte> plaintext)
    {
        var sealer = Take();
        var opened = sealer.TryOpen(message, plaintext);
        _idle.Add(sealer);
        return opened;
    }

    /// <summary>Encrypts a message; see <see cref="Sealer.Seal"/>.</summary>
    public void Seal(ReadOnlySpan<byte> plaintext, Span<byte> destination)
    {
        var sealer = Take();
        sealer.Seal(plaintext, destination);
        _idle.Add(sealer);
    }

    private Sealer Take() => _idle.TryTake(out var sealer) ? sealer : new Sealer(key);

    public void Dispose()
    {
        while (_idle.TryTake(out var sealer)) sealer.Dispose();
    }
}
