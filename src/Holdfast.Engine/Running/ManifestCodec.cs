using System.Text.Json;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Running;

/// <summary>The manifest as it stands in a recovery point: UTF-8 JSON, indented, camelCase, ending with a line break.</summary>
public static class ManifestCodec
{
    /// <summary>Where it lies in a recovery point.</summary>
    public const string Path = "/recovery-point.json";

    /// <summary>The newest format that this version reads.</summary>
    private const int NewestFormat = 1;

    public static byte[] Write(Manifest manifest) => [.. JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Readable.Manifest), (byte)'\n'];

    /// <summary>Reads a manifest. <paramref name="point"/> names the recovery point in messages.</summary>
    /// <exception cref="ProblemException">It is of a newer format, or no manifest at all.</exception>
    public static Manifest Read(ReadOnlySpan<byte> json, string point)
    {
        try
        {
            RefuseNewerFormat(json, point);
            return JsonSerializer.Deserialize(json, ManifestJson.Readable.Manifest) ?? throw new JsonException("It is null.");
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Catalogue.PointManifest.Throwable($"The manifest of recovery point {point} can not be read: {damaged.Message.TrimEnd('.')}.", damaged);
        }
    }

    /// <summary>Looked at first: a newer format may differ in everything else.</summary>
    private static void RefuseNewerFormat(ReadOnlySpan<byte> json, string point)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        var format = document.RootElement.GetProperty("format").GetInt32();
        if (format > NewestFormat)
            throw Catalogue.PointFormat.Throwable($"Recovery point {point} has a manifest of format {format}; this version reads {NewestFormat} at most.");
    }
}
