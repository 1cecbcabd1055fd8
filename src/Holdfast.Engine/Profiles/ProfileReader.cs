using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Profiles;

/// <summary>Reads profiles and finds all their mistakes at once.</summary>
public static class ProfileReader
{
    /// <summary>The largest profile; 1 MiB.</summary>
    private const int MaximumSize = 1 << 20;

    /// <summary>The JSON schema of profiles, as it ships.</summary>
    public static string SchemaText { get; } = ReadSchema();

    private static readonly Lazy<JsonSchema> _schema = new(() => new JsonSchema(SchemaText));

    /// <summary>Reads a profile from a file.</summary>
    /// <exception cref="ProblemException">The file does not exist or has mistakes; each of them is a detail of the
    /// problem.</exception>
    public static Profile ReadFile(string path) => Parse(ReadText(path), Path.GetFullPath(path));

    /// <summary>
    /// Reads a profile from its text. <paramref name="file"/> is its origin, for messages and relative paths.
    /// </summary>
    /// <exception cref="ProblemException">The text has mistakes; each of them is a detail of the problem.</exception>
    public static Profile Parse(string text, string file)
    {
        var (root, mistakes) = Examine(text);
        if (mistakes.Count > 0 || root is null) throw new ProblemException(Invalid(file, mistakes));
        return new Profile { Platform = root["platform"].Text, File = file, Source = text, Root = root };
    }

    /// <summary>All mistakes of a profile's text, in their order in the text.</summary>
    public static IReadOnlyList<ProfileMistake> FindMistakes(string text) => Examine(text).Mistakes;

    /// <summary>Reads other YAML by the rules of profiles: one document, nested 50 deep at most, no anchors, aliases or tags, no key twice. Null where it breaks one of them.</summary>
    public static ProfileNode? ReadYaml(string text)
    {
        var mistakes = new List<ProfileMistake>();
        var root = YamlTree.Read(text, mistakes);
        return mistakes.Count == 0 ? root : null;
    }

    private static (YamlValue? Root, IReadOnlyList<ProfileMistake> Mistakes) Examine(string text)
    {
        var mistakes = new List<ProfileMistake>();
        var root = YamlTree.Read(text, mistakes);
        if (root is not null)
        {
            new SchemaValidator(_schema.Value, mistakes).Validate(root);
            UniqueNames.Check(root, mistakes);
            BrokerNames.Check(root, mistakes);
            FilePatterns.Check(root, mistakes);
            DocumentSources.Check(root, mistakes);
            RetentionDates.Check(root, mistakes);
            RepositoryPlaces.Check(root, mistakes);
        }
        return (root, [.. mistakes.OrderBy(mistake => mistake.Place.Line).ThenBy(mistake => mistake.Place.Column)]);
    }

    private static Problem Invalid(string file, IReadOnlyList<ProfileMistake> mistakes)
    {
        var count = mistakes.Count == 1 ? "a mistake" : $"{mistakes.Count} mistakes";
        return Catalogue.ProfileInvalid.With($"The profile {file} has {count}.") with { Details = [.. mistakes.Select(mistake => mistake.ToString())] };
    }

    private static string ReadText(string path)
    {
        try
        {
            using var file = OwnedFile.Open(path, followLinks: true);
            if (file.Length > MaximumSize) throw Catalogue.ProfileInvalid.Throwable($"The profile {path} is larger than 1 MiB.");
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(WithoutMark(file.Read(MaximumSize)));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw IsDenied(unreadable) ? Denied(path, unreadable) : Catalogue.ProfileMissing.Throwable($"The profile {path} cannot be read: {Reason(path, unreadable)}.", unreadable);
        }
        catch (DecoderFallbackException foreign)
        {
            throw Catalogue.ProfileInvalid.Throwable($"The profile {path} is not UTF-8 text.", foreign);
        }
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;

    private static string Reason(string path, Exception unreadable) => unreadable switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        _ when Directory.Exists(path) => "it is a directory",
        _ => unreadable.Message.TrimEnd('.'),
    };

    /// <summary>
    /// The problem for a profile that this user may not read, because of the permissions of the file or of a parent
    /// directory.
    /// </summary>
    public static ProblemException Denied(string path, Exception? cause = null) => Catalogue.ProfileMissing.Throwable(
        $"The profile {path} cannot be read by this user ({Environment.UserName}).", "Run as root, or name with --profile or HOLDFAST_PROFILE one that this user may read.", cause);

    private static bool IsDenied(Exception unreadable)
    {
        const int AccessDenied = 13; // errno, as OwnedFile reports it
        return unreadable is UnauthorizedAccessException or IOException { HResult: AccessDenied };
    }

    private static string ReadSchema()
    {
        using var stream = typeof(ProfileReader).Assembly.GetManifestResourceStream("profile.schema.json")
            ?? throw new InvalidOperationException("The schema of profiles was not built in.");
        return new StreamReader(stream).ReadToEnd();
    }
}
