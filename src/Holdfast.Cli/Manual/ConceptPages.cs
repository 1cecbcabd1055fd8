using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Manual;

/// <summary>The pages of section 7: the glossary, and every problem with its remedy.</summary>
internal static class ConceptPages
{
    public const string Summary =
        "Holdfast backs up and restores a whole platform: configuration files and TLS keys, PostgreSQL databases, Elasticsearch or OpenSearch indices and Redis/Celery queues, under systemd. "
        + "Recovery points are encrypted and deduplicated, in a plain restic repository.";

    public static IEnumerable<RoffPage> All => [Concepts(), Problems()];

    private static RoffPage Concepts()
    {
        var page = new RoffPage("holdfast-concepts", 7, "the words that Holdfast uses");
        page.Heading("DESCRIPTION").Paragraph(Summary);
        page.Heading("WORDS")
            .Item("platform", "What one profile describes. Its name finds its recovery points.")
            .Item("profile", "The file that describes it: holdfast-profile(5).")
            .Item("component", "A part that is captured and restored: files, postgres, queues, search.")
            .Item("recovery point", "One snapshot of the repository that holds everything needed to rebuild the platform as of one instant, its profile included.")
            .Item("mark", "That instant: PostgreSQL's restore point, the search engine's snapshot and the copy of the queues, taken while the platform stands still.")
            .Item("window", "The time from the first service stopped to the last one up again.")
            .Item("run, plan, step", "One execution of a command, what it will do, and one part of it. --plan shows the plan and does nothing.")
            .Item("undo", "What must be done if a run dies: it is on the disk before the step begins. 'holdfast recover', and every next run, does what is left.");
        page.Heading("WHAT A RESTORE MOVES ASIDE")
            .Paragraph("Without --overwrite a restore replaces nothing. What is in its place gets a name with the id of the run, which the run names, and stays until somebody removes it:")
            .Item(".NAME.before-RUN~", "A file or folder, beside its place; a second one of the same run ends with .1~.")
            .Item("DIRECTORY.before-RUN", "The data directory of a cluster, and its folder in a tablespace.")
            .Item("NAME_before_RUN", "A database.")
            .Item("NAME.before-RUN", "An index; 'holdfast search drop-old' deletes it.")
            .Item("holdfast:aside:RUN:NAME", "A list or another key of Redis.");
        page.Paragraph("The next backup leaves these out, and 'holdfast points show' lists them as not in the point. A profile captures one that it names in full, in 'files', 'databases', 'capture', 'lists' or 'keys'.");
        page.Heading("MODES OF A BACKUP")
            .Item("quiesced", "The platform stands still for the mark alone, for seconds. The default where the profile names services.")
            .Item("cold", "It stands still for all of the backup, and its servers do too.")
            .Item("online", "It runs on; the components are of instants that lie some seconds apart.");
        page.Heading("WHAT MUST BE KEPT AWAY FROM THE MACHINE").Paragraph("The password, and what 'holdfast repo kit' writes. Without them nothing opens the repository.");
        return page.SeeAlso("holdfast(1)", "holdfast-profile(5)", "holdfast-problems(7)", "restic(1)");
    }

    private static RoffPage Problems()
    {
        var page = new RoffPage("holdfast-problems", 7, "every problem that Holdfast reports, and what to do");
        page.Heading("DESCRIPTION").Paragraph("A problem is one sentence on what happened, a stable code, and a hint. The code never changes its meaning.");
        page.Heading("PROBLEMS");
        foreach (var kind in Catalogue.All) page.Item(kind.Code, $"{kind.Meaning} {kind.Hint} Exit status {(int)kind.Exit}{(kind.Transient ? "; trying again later may help" : "")}.");
        return page.SeeAlso("holdfast(1)", "holdfast-concepts(7)");
    }
}
