using System.Text.RegularExpressions;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// Postfix' main.cf: "name = value", lines that begin with white space go on, $name is another setting.
/// Source: postconf(5).
/// </summary>
internal sealed partial class PostfixConfiguration : INamesCertificates
{
    // References to references end somewhere; a circle is Postfix' own error to report.
    private const int DeepestReference = 10;

    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.Ordinal)
    {
        ["tls_cert_file"] = NamedRole.Certificate,
        ["tls_eccert_file"] = NamedRole.Certificate,
        ["tls_dcert_file"] = NamedRole.Certificate,
        ["tls_chain_files"] = NamedRole.Certificate,
        ["tls_key_file"] = NamedRole.Key,
        ["tls_eckey_file"] = NamedRole.Key,
        ["tls_dkey_file"] = NamedRole.Key,
        ["tls_CAfile"] = NamedRole.Authorities,
        ["tls_dh1024_param_file"] = NamedRole.Other,
        ["tls_dh512_param_file"] = NamedRole.Other,
    };

    public string Program => "postfix";

    public Fit FitOf(string path) => Path.GetFileName(path) is "main.cf" ? Fit.Main : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var settings = Settings(reader.Text(path) ?? "");
        settings.TryAdd("config_directory", Path.GetDirectoryName(path)!);
        foreach (var (name, written) in settings)
        {
            // smtpd_ is the server's side, smtp_ and lmtp_ the client's.
            if (!_roles.TryGetValue(name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..], out var role)) continue;
            foreach (var value in Expanded(written, settings).Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (value is "none" or "auto") continue;
                if (value.StartsWith('/')) yield return new(value, role, name, path);
                else reader.Riddle(path, name, value);
            }
        }
    }

    private static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var name = "";
        foreach (var line in text.Split('\n').Where(line => line.Trim() is { Length: > 0 } full && full[0] != '#'))
        {
            if (char.IsWhiteSpace(line[0]) && name.Length > 0) settings[name] += " " + line.Trim();
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                settings[name = line[..equals].Trim()] = line[(equals + 1)..].Trim();
        }
        return settings;
    }

    private static string Expanded(string value, Dictionary<string, string> settings)
    {
        for (var depth = 0; depth < DeepestReference && value.Contains('$', StringComparison.Ordinal); depth++)
            value = Reference().Replace(value, match => settings.GetValueOrDefault(match.Groups["name"].Value) ?? match.Value);
        return value;
    }

    [GeneratedRegex(@"\$(?<name>\w+)|\$\{(?<name>\w+)\}|\$\((?<name>\w+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
