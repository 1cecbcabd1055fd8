using System.Text.Json;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Crypto;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic;

/// <summary>
/// Reads and writes the files that are not packs: encrypted as a whole, and named by the digest of their stored bytes.
/// In version 2 the plaintext may begin with the byte 2 and a zstd frame; a first byte of '[' or '{' is plain JSON.
/// Source: doc/design.rst, "Unpacked Data Format".
/// </summary>
internal sealed class StoredFiles(IBackend backend, SealerPool sealers, BlobDecoder decoder)
{
    private const byte Compressed = 2;

    /// <summary>The cache of indexes and snapshots; null for a local repository.</summary>
    public LocalCache? Cache { get; init; }

    /// <summary>Reads and verifies a file.</summary>
    /// <param name="kind">The kind of the file.</param>
    /// <param name="name">The name of the file; empty for the config.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <param name="mayBeCached">False to read the file from the store even if it is cached.</param>
    /// <exception cref="ResticException">NotFound, or Damaged with the file's name.</exception>
    public async Task<byte[]> LoadAsync(FileKind kind, string name, CancellationToken cancellation, bool mayBeCached = true)
    {
        var cache = kind is FileKind.Index or FileKind.Snapshot ? Cache : null;
        if (mayBeCached && cache?.TryRead(kind, name) is { } cached) return Open(kind, name, cached);
        var bytes = await ReadAsync(backend, kind, name, cancellation);
        if (kind != FileKind.Config && Id.Hash(bytes).ToString() != name) throw Damaged(kind, name, "its name is not the digest of its content");
        cache?.Save(kind, name, bytes);
        return Open(kind, name, bytes);
    }

    /// <summary>Returns the stored bytes of a file from the store, without verifying them.</summary>
    /// <exception cref="ResticException">NotFound; Damaged when it is larger than any of its kind.</exception>
    public static ValueTask<byte[]> ReadAsync(IBackend backend, FileKind kind, string name, CancellationToken cancellation) =>
        backend.ReadWholeAsync(kind, name, LargestOf(kind), cancellation);

    /// <summary>Decrypts the stored bytes of a file in place, so their content is lost.</summary>
    /// <exception cref="ResticException">Damaged or Unsupported, with the file's name.</exception>
    public byte[] Open(FileKind kind, string name, byte[] bytes)
    {
        // Decrypted in place: indexes are large, and each copy would become garbage.
        var plaintext = bytes.Length < Sealer.Overhead ? default : bytes.AsMemory()[Sealer.IvSize..^Sealer.TagSize];
        if (!sealers.TryOpen(bytes, plaintext.Span)) throw Damaged(kind, name, "it does not fit its authentication code");
        if (kind == FileKind.Config || plaintext.Length == 0 || plaintext.Span[0] is (byte)'[' or (byte)'{') return plaintext.ToArray();
        if (plaintext.Span[0] != Compressed) throw new ResticException(ResticError.Unsupported, $"The {Named(kind, name)} has an encoding that is not known.");
        try
        {
            return decoder.Decompress(plaintext.Span[1..]);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(kind, name, "it can't be decompressed", e);
        }
    }

    /// <summary>Encrypts and stores a file; in a repository of version 2 it is compressed first.</summary>
    public async Task<Id> SaveAsync(FileKind kind, ReadOnlyMemory<byte> json, bool compress, CancellationToken cancellation)
    {
        var plaintext = json;
        if (compress && kind != FileKind.Config)
        {
            var compressed = decoder.Compress(json.Span);
            compressed[0] = Compressed;
            plaintext = compressed;
        }
        var message = new byte[plaintext.Length + Sealer.Overhead];
        sealers.Seal(plaintext.Span, message);
        var id = Id.Hash(message);
        await backend.SaveAsync(kind, kind == FileKind.Config ? "" : id.ToString(), message, cancellation);
        return id;
    }

    /// <summary>Parses a file's JSON; anything but JSON of the expected structure is damage.</summary>
    public static T Parse<T>(FileKind kind, string name, byte[] json, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(json);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw Damaged(kind, name, "its JSON is not what restic writes", e);
        }
    }

    /// <summary>The limits for sizes: restic finishes an index at about 8 MiB; the others are a page of text.</summary>
    private static long LargestOf(FileKind kind) => kind switch
    {
        FileKind.Index => Zstd.MaxPlaintext,
        FileKind.Snapshot => 64 << 20,
        _ => 1 << 20,
    };

    private static string Named(FileKind kind, string name) => kind == FileKind.Config ? "config" : $"{kind.ToString().ToLowerInvariant()} {name}";

    private static ResticException Damaged(FileKind kind, string name, string what, Exception? inner = null) =>
        new(ResticError.Damaged, $"The {Named(kind, name)} is damaged: {what}.", inner);
}
