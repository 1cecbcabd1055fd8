using System.Text.RegularExpressions;
using Holdfast.Components.Files.Paths;

namespace Holdfast.Components.Files.Certificates;

/// <summary>
/// httpd.conf or apache2.conf and the files that it includes. Relative paths are resolved against ServerRoot; ${NAME}
/// is set by Define. Source: Apache's manual, core ("Include", "ServerRoot", "Define") and mod_ssl.
/// </summary>
internal sealed partial class ApacheConfiguration : INamesCertificates
{
    private static readonly Dictionary<string, NamedRole> _roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["SSLCertificateFile"] = NamedRole.Certificate,
        ["SSLCertificateKeyFile"] = NamedRole.Key,
        ["SSLCertificateChainFile"] = NamedRole.Authorities,
        ["SSLCACertificateFile"] = NamedRole.Authorities,
        ["SSLCACertificatePath"] = NamedRole.Authorities,
        ["SSLCADNRequestFile"] = NamedRole.Authorities,
        ["SSLCADNRequestPath"] = NamedRole.Authorities,
        ["SSLCARevocationFile"] = NamedRole.Other,
        ["SSLCARevocationPath"] = NamedRole.Other,
        ["SSLProxyMachineCertificateFile"] = NamedRole.Certificate,
        ["SSLProxyMachineCertificatePath"] = NamedRole.Certificate,
        ["SSLProxyMachineCertificateChainFile"] = NamedRole.Authorities,
        ["SSLProxyCACertificateFile"] = NamedRole.Authorities,
        ["SSLProxyCACertificatePath"] = NamedRole.Authorities,
        ["SSLProxyCARevocationFile"] = NamedRole.Other,
        ["SSLProxyCARevocationPath"] = NamedRole.Other,
        ["SSLSessionTicketKeyFile"] = NamedRole.Other,
        ["SSLOCSPResponderCertificateFile"] = NamedRole.Authorities,
    };

    public string Program => "apache";

    public Fit FitOf(string path) =>
        Path.GetFileName(path) is "apache2.conf" or "httpd.conf" ? Fit.Main
        : path.EndsWith(".conf", StringComparison.Ordinal) && (path.Contains("/apache2/", StringComparison.Ordinal) || path.Contains("/httpd/", StringComparison.Ordinal)) ? Fit.Part
        : Fit.None;

    public IEnumerable<NamedFile> Read(string path, ConfigurationReader reader)
    {
        var state = new State { Root = RootOf(path) };
        return Read(path, reader, state, 0);
    }

    private sealed class State
    {
        public required string Root { get; set; }
        public Dictionary<string, string> Defined { get; } = new(StringComparer.Ordinal);
    }

    private static IEnumerable<NamedFile> Read(string path, ConfigurationReader reader, State state, int depth)
    {
        if (reader.IsTooDeep(path, depth)) yield break;
        foreach (var words in LineWords.Of(reader.Text(path) ?? ""))
        {
            if (words is ["Define" or "define", var name, var defined]) state.Defined[name] = defined;
            if (words is not [var setting, { Length: > 0 } written, ..]) continue;
            var isInclude = setting.Equals("Include", StringComparison.OrdinalIgnoreCase) || setting.Equals("IncludeOptional", StringComparison.OrdinalIgnoreCase);
            var isRoot = setting.Equals("ServerRoot", StringComparison.OrdinalIgnoreCase);
            if (!isInclude && !isRoot && !_roles.ContainsKey(setting)) continue;
            var value = Variable().Replace(written, match => state.Defined.GetValueOrDefault(match.Groups["name"].Value) ?? match.Value);
            // A key may be in a hardware module.
            if (value.StartsWith("pkcs11:", StringComparison.Ordinal)) continue;
            if (value.Contains("${", StringComparison.Ordinal)) reader.Riddle(path, setting, written);
            else if (isRoot) state.Root = value;
            else if (!isInclude) yield return new(Path.GetFullPath(Path.Combine(state.Root, value)), _roles[setting], setting, path);
            else
                foreach (var included in Included(path, Path.Combine(state.Root, value), reader))
                    foreach (var named in Read(included, reader, state, depth + 1)) yield return named;
        }
    }

    /// <summary>Expands an include; a folder includes every file in it and below.</summary>
    private static IEnumerable<string> Included(string path, string pattern, ConfigurationReader reader) =>
        reader.Expand(path, pattern).SelectMany(place => Disk.IsFolder(place) ? reader.Expand(path, $"{place.TrimEnd('/')}/*").SelectMany(below => Included(path, below, reader)) : [place]);

    // A part that is read by itself belongs to the main file above it; Red Hat's main file is in a folder of its own,
    // "conf".
    private static string RootOf(string path)
    {
        var own = Path.GetDirectoryName(path)!;
        for (var folder = own; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Disk.IsFile($"{folder}/apache2.conf")) return folder;
            if (Disk.IsFile($"{folder}/httpd.conf")) return Path.GetFileName(folder) == "conf" ? Path.GetDirectoryName(folder)! : folder;
            if (Disk.IsFile($"{folder}/conf/httpd.conf")) return folder;
        }
        return own;
    }

    [GeneratedRegex(@"\$\{(?<name>\w+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
