using System.Numerics;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The backup manifest of a server: each file that it sent, with size and checksum. The received files are compared
/// with it, so that a missing file and a file changed on the way are found. Source: PostgreSQL's manual, 77, "Backup
/// Manifest Format".
/// </summary>
internal sealed class BackupManifest
{
    private readonly Dictionary<string, (long Size, uint Sum)> _received = new(StringComparer.Ordinal);

    /// <summary>Adds a received file by its path in the data directory; false when it was received before.</summary>
    public bool TryAdd(string path, long size, uint sum) => _received.TryAdd(path, (size, sum));

    /// <summary>The largest size in bytes of a manifest of that many files; it is held in memory.</summary>
    public static long LargestOf(long files) => Math.Min(1L << 30, (16L << 20) + (files << 10));

    /// <exception cref="ProblemException">A file is missing or differs, or the manifest is not valid.</exception>
    public void Verify(string cluster, ReadOnlyMemory<byte> manifest)
    {
        try
        {
            using var json = JsonDocument.Parse(manifest);
            foreach (var file in json.RootElement.GetProperty("Files").EnumerateArray()) Verify(cluster, file);
        }
        catch (Exception damaged) when (damaged is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw Bad(cluster, $"its manifest cannot be read: {damaged.Message.TrimEnd('.')}");
        }
        if (_received.Count > 0) throw Bad(cluster, $"{_received.Keys.First()} has come, and is not in its manifest");
    }

    private void Verify(string cluster, JsonElement file)
    {
        var path = file.TryGetProperty("Path", out var plain) ? plain.GetString()! : Encoding.Latin1.GetString(Convert.FromHexString(file.GetProperty("Encoded-Path").GetString()!));
        if (!_received.Remove(path, out var found)) throw Bad(cluster, $"{path} is in its manifest, and has not come");
        if (file.GetProperty("Size").GetInt64() != found.Size) throw Bad(cluster, $"{path} has {found.Size} bytes, and {file.GetProperty("Size").GetInt64()} in its manifest");
        if (file.TryGetProperty("Checksum-Algorithm", out var algorithm) && algorithm.GetString() == "CRC32C" && BitConverter.ToUInt32(Convert.FromHexString(file.GetProperty("Checksum").GetString()!)) != found.Sum)
            throw Bad(cluster, $"{path} does not fit its checksum");
    }

    private static ProblemException Bad(string cluster, string why) => Catalogue.PostgresBackup.Throwable($"The base backup that the server of {cluster} sent is not whole: {why}.", "Take another one; when it happens again, look at the network between here and the server.");
}

/// <summary>
/// Passes on what is read and computes its checksum as a manifest does: CRC-32C, with the processor's instruction.
/// </summary>
internal sealed class SummedStream(Stream inner) : ReadOnlyStream
{
    private uint _sum = uint.MaxValue;

    /// <summary>The checksum of all bytes read so far.</summary>
    public uint Sum => ~_sum;

    /// <summary>Bytes read so far.</summary>
    public long Count { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        _sum = Add(_sum, buffer.Span[..read]);
        Count += read;
        return read;
    }

    private static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) sum = BitOperations.Crc32C(sum, BitConverter.ToUInt64(bytes));
        foreach (var one in bytes) sum = BitOperations.Crc32C(sum, one);
        return sum;
    }
}
