using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Holdfast.Restic.Chunking;

namespace Holdfast.Restic;

/// <summary>The config of a repository. Source: doc/design.rst, "Config".</summary>
internal sealed record Config(int Version, Id Id, ulong ChunkerPolynomial)
{
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, Version);
            json.WriteString("id"u8, Id.ToString());
            json.WriteString("chunker_polynomial"u8, ChunkerPolynomial.ToString("x", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="ResticException">
    /// Damaged, or Unsupported when its version or its polynomial is not supported.
    /// </exception>
    public static Config Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var version = root.GetProperty("version").GetInt32();
            if (version is not (1 or 2)) throw new ResticException(ResticError.Unsupported, $"The repository has version {version}; versions 1 and 2 are known.");
            var polynomial = ulong.Parse(root.GetProperty("chunker_polynomial").GetString() ?? "", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (Polynomial.Degree(polynomial) != Polynomial.ChunkerDegree || !Polynomial.IsIrreducible(polynomial))
                throw new ResticException(ResticError.Damaged, "The config's chunker polynomial is not irreducible of degree 53.");
            return new Config(version, Id.Parse(root.GetProperty("id").GetString()), polynomial);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new ResticException(ResticError.Damaged, "The config of the repository is not what restic writes.", e);
        }
    }
}
