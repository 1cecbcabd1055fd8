using System.Numerics;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// What a server says that it has sent: each file with its size and its checksum. What has come is compared with that, so that nothing is
/// missing and nothing was changed on the way. Source: PostgreSQL's manual, 77, "Backup Manifest Format".
/// </summary>
internal sealed class BackupManifest
{
    private readonly Dictionary<string, (long Size, uint Sum)> _received = new(StringComparer.Ordinal);

    /// <summary>Adds a file that has come, by its path in the data directory; false when it had come before.</summary>
    public bool TryAdd(string path, long size, uint sum) => _received.TryAdd(path, (size, sum));

    /// <summary>The bytes that the manifest of so many files can have; they are held in memory.</summary>
    public static long LargestOf(long files) => Math.Min(1L << 30, (16L << 20) + (files << 10));

    /// <exception cref="ProblemException">Something is missing, differs, or the manifest is none.</exception>
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

/// <summary>Passes on what is read, and sums it up as a manifest does: CRC-32C, as the processor has it.</summary>
internal sealed class SummedStream(Stream inner) : ReadOnlyStream
{
    private uint _sum = uint.MaxValue;

    /// <summary>Of all that has been read.</summary>
    public uint Sum => ~_sum;

    /// <summary>Bytes that have been read.</summary>
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
