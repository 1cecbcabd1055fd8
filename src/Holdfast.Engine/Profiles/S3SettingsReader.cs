using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Backends;
using Holdfast.Restic.S3;

namespace Holdfast.Engine.Profiles;

/// <summary>
/// Finds the settings of an object store: from 'repository.s3' of the profile, or else from the variables and the file
/// of AWS. Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files", "Environment variables".
/// </summary>
/// <param name="secrets">Reads the secrets that the profile refers to.</param>
/// <param name="environment">Looks up a variable.</param>
internal sealed class S3SettingsReader(ISecretReader secrets, Func<string, string?> environment)
{
    /// <summary>The largest file of credentials; 1 MiB.</summary>
    private const int LargestFile = 1 << 20;

    /// <param name="location">The bucket, for messages.</param>
    /// <param name="s3">'repository.s3'; null when the profile has none, or names another repository.</param>
    /// <param name="transport">The trusted authorities of the connection.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <exception cref="ProblemException">No keys are configured, or they cannot be read.</exception>
    public async Task<S3Options> ReadAsync(
        S3Location location, ProfileNode? s3, RestOptions transport, CancellationToken cancellation)
    {
        var keys = await FromProfileAsync(s3, cancellation) ?? FromVariables() ?? FromFile()
            ?? throw Refused($"Nothing says which keys open the bucket of {location}.");
        return new S3Options
        {
            Keys = _ => new ValueTask<S3Keys>(keys),
            Region = s3?.Find("region")?.Text ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION"),
            Lookup = s3?.Find("bucket-lookup")?.Text switch
            {
                "dns" => BucketLookup.Dns, "path" => BucketLookup.Path, _ => BucketLookup.Auto,
            },
            StorageClass = s3?.Find("storage-class")?.Text,
            Transport = transport,
        };
    }

    private async Task<S3Keys?> FromProfileAsync(ProfileNode? s3, CancellationToken cancellation)
    {
        if (s3?.Find("access-key") is not { } access || s3.Find("secret-key") is not { } secret) return null;
        var token = s3.Find("session-token") is { } named ? await secrets.ReadAsync(named, cancellation) : null;
        return new S3Keys(access.Text, (await secrets.ReadAsync(secret, cancellation)).Trim(), token?.Trim());
    }

    private S3Keys? FromVariables() =>
        (Variable("AWS_ACCESS_KEY_ID"), Variable("AWS_SECRET_ACCESS_KEY")) switch
        {
            ({ } access, { } secret) => new S3Keys(access, secret, Variable("AWS_SESSION_TOKEN")),
            (null, null) => null,
            _ => throw Refused("Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set."),
        };

    private S3Keys? FromFile()
    {
        var (named, home) = (Variable("AWS_SHARED_CREDENTIALS_FILE"), Variable("HOME"));
        var file = named ?? (home is null ? null : Path.Combine(home, ".aws/credentials"));
        var section = Variable("AWS_PROFILE");
        if (file is null || (named is null && section is null && !File.Exists(file))) return null;
        try
        {
            GuardedPath.Require(Path.GetFullPath(file), "The file of AWS credentials");
            return Find(OwnedFile.ReadText(file, LargestFile, followLinks: true), section ?? "default")
                ?? throw Refused($"The file '{file}' has no keys for the profile '{section ?? "default"}'.");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Refused($"The credentials in '{file}' cannot be read: {unreadable.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>The keys in a section of an INI file; null when it has none. Comments begin with '#' or ';'.</summary>
    private static S3Keys? Find(string text, string section)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var isOurs = false;
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith('[')) isOurs = line.Trim('[', ']', ' ') == section;
            else if (isOurs && line is not ['#' or ';', ..] && line.Split('=', 2) is [var name, var value])
                values[name.Trim()] = value.Trim();
        }
        if (!values.TryGetValue("aws_access_key_id", out var access)) return null;
        if (!values.TryGetValue("aws_secret_access_key", out var secret)) return null;
        return new S3Keys(access, secret, values.GetValueOrDefault("aws_session_token"));
    }

    private static ProblemException Refused(string message) => Catalogue.RepositoryRefused.Throwable(message);

    private string? Variable(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
