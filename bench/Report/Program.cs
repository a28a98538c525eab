using AkkaCp.Bench.Report;

// What surrounds the measurements: `record` runs one and files its JSON with the state of the machine, `start` times process starts, `hop`
// makes Markdown, the summary and the plots of a folder of such files. bench/run-all.sh calls all three.
return args switch
{
    ["record", var folder, var name, "--", .. var command] => await Recording.RunAsync(folder, name, command).ConfigureAwait(false),
    ["start", var runs, .. var programs] =>
        await StartTimes.RunAsync(int.Parse(runs, System.Globalization.CultureInfo.InvariantCulture), programs).ConfigureAwait(false),
    ["hop", var file] => MicroHop.Print(file),
    ["write", var folder] => Write(folder),
    _ => Usage(),
};

static int Write(string folder)
{
    var results = ResultSet.Read(folder);
    ResultTables.Write(folder, results);
    Summary.Write(folder, results);
    PrefillPlots.Write(folder, results);
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("usage: record FOLDER NAME -- COMMAND… | start RUNS NAME=PROGRAM… | hop FILE | write FOLDER");
    return 2;
}
