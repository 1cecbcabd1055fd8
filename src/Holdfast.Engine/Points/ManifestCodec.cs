using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Points;

/// <summary>
/// The manifest of a recovery point as a file: UTF-8 JSON, indented, camelCase, ending with a line break.
/// </summary>
public static class ManifestCodec
{
    /// <summary>The path of the manifest in a recovery point.</summary>
    public const string Path = "/recovery-point.json";

    /// <summary>The newest format that this version reads.</summary>
    private const int NewestFormat = 1;

    public static byte[] Write(Manifest manifest) => [.. JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Readable.Manifest), (byte)'\n'];

    /// <summary>Reads a manifest. <paramref name="point"/> names the recovery point in messages.</summary>
    /// <exception cref="ProblemException">The manifest is of a newer format, or is not a valid manifest.</exception>
    public static Manifest Read(ReadOnlySpan<byte> json, string point)
    {
        try
        {
            RefuseNewerFormat(json, point);
            var manifest = JsonSerializer.Deserialize(json, ManifestJson.Readable.Manifest) ?? throw new JsonException("It is null.");
            Require(manifest);
            return manifest;
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw Catalogue.PointManifest.Throwable($"The manifest of recovery point {point} cannot be read: {damaged.Message.TrimEnd('.')}.", damaged);
        }
    }

    /// <summary>
    /// A user who can write to the repository can write anything here; the readers of a manifest rely on these
    /// properties.
    /// </summary>
    private static void Require(Manifest manifest)
    {
        if (manifest is not { Platform: not null, RunId: not null, HoldfastVersion: not null, Host: not null }) throw new JsonException("Its head has a hole.");
        foreach (var component in manifest.Components)
        {
            if (component is not { Name: not null, Kind: not null, Path: not null, Details: null or JsonObject }) throw new JsonException("One of its components is none.");
            if (component.Path is not ['/', ..] || component.Path.Split('/').Any(part => part is "." or "..") || component.Path.Contains('\0', StringComparison.Ordinal))
                throw new JsonException($"The component '{component.Name}' lies at no path of a recovery point.");
            if (component.Versions.Values.Any(version => version is null)) throw new JsonException($"The component '{component.Name}' has no version where one is named.");
        }
        foreach (var warning in manifest.Warnings)
            if (warning is not { Code: not null, Message: not null, Hint: not null } || warning.Details.Any(line => line is null)) throw new JsonException("One of its warnings is none.");
    }

    /// <summary>Read first: a newer format may differ in everything else.</summary>
    private static void RefuseNewerFormat(ReadOnlySpan<byte> json, string point)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        var format = document.RootElement.GetProperty("format").GetInt32();
        if (format > NewestFormat)
            throw Catalogue.PointFormat.Throwable($"Recovery point {point} has a manifest of format {format}; this version reads {NewestFormat} at most.");
    }
}
